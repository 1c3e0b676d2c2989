//! Health, metrics and the wallboard.
