//! The migrations are part of the program, but cargo doesn't know: a new one must build it anew.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
