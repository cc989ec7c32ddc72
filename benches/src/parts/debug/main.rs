//! The user's program: for each line `call loops` it makes that call so often, and answers `seconds number`.

mod calls;

use std::hint::black_box;
use std::io::stdin;
use std::time::Instant;

fn main() {
    let mut data = calls::Data::new();
    for line in stdin().lines().map_while(Result::ok) {
        let (call, loops) = line.split_once(' ').expect("two numbers");
        let (_, call) = calls::CALLS[call.parse::<usize>().expect("a number")];
        let mut number = f64::NAN;
        let start = Instant::now();
        for _ in 0..loops.parse::<u32>().expect("a number") {
            number = call(black_box(&mut data));
        }
        println!("{} {number}", start.elapsed().as_secs_f64());
    }
}
