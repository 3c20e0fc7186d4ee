//! S1 to S20.
