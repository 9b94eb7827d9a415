//! Depth: millions of nodes, dropped too, and no recursion anywhere.

use crate::common::samples;
use chainrule::scalar::Tape;
use chainrule::tensor;

/// On a stack of 64 KiB, anything that recursed over the graph would overflow at once.
fn on_a_small_stack(work: fn()) {
    std::thread::Builder::new().stack_size(64 << 10).spawn(work).unwrap().join().unwrap();
}

#[test]
fn millions_of_numbers() {
    on_a_small_stack(|| {
        let (depth, tape) = (samples(1_000_000, 10_000_000), Tape::new());
        let x = tape.var(1.0);
        let mut y = x;
        for _ in 0..depth {
            y = y * 1.0;
        }
        assert_eq!((y.value(), y.backward().wrt(x)), (1.0, 1.0));
        assert_eq!(tape.len(), 1 + depth as usize);
        drop(tape);
    });
}

#[test]
fn a_hundred_thousand_matrices() {
    on_a_small_stack(|| {
        let tape = tensor::Tape::new();
        let x = tape.var(tensor::Tensor::from(1.0));
        let mut y = x;
        for _ in 0..100_000 {
            y = y + x;
        }
        assert_eq!(y.backward().wrt(x).get(0, 0), 100_001.0);
        drop(tape);
    });
}
