//! JSON and CloudEvents in and out.
