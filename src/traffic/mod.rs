//! A made-up contact centre.
