//! The program's one door. Nothing is decided here.

fn main() {}
