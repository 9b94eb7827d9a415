//! Backpropagation to step through, check and break: a recording tape, and logistic regression as a
//! network of one node, whose gradients stand next to those that a person derives by hand.
//!
//! The [README](../../../README.md) says what to run, and [the lessons](../../../docs/README.md)
//! teach it from the beginning; both are in the project's folder. This is the tour of the code, in
//! five minutes.
//!
//! **1. A tape records.** Each operation on a variable becomes a node, with its value and, for each
//! input, the local derivative. `backward` is one pass over the tape, from its end.
//!
//! ```
//! use chainrule::scalar::Tape;
//! let tape = Tape::new();
//! let (w, b) = (tape.var(2.0).named("w"), tape.var(-1.0).named("b"));
//! let a = (w * 0.5 + b).sigmoid();
//! let gradients = a.backward();
//! assert_eq!((a.value(), gradients.wrt(w)), (0.5, 0.125)); // σ(0) σ(−0) · 0.5
//!
//! let table = chainrule::view::table(&a.trace()); // every number, forwards and back again
//! assert!(table.contains("sigmoid"));
//! ```
//!
//! **2. Judges compare.** A formula that is written once runs on the tape, in forward mode and as
//! plain numbers; your own derivative stands next to theirs, and a mistake is named.
//!
//! ```
//! use chainrule::check::{self, Finding, Scalar};
//! fn cost<S: Scalar>(p: &[S]) -> S {
//!     (p[0] * 0.5 + p[1]).sigmoid()
//! }
//! assert!(check::gradient!(cost, &[2.0, -1.0], &[0.125, 0.25]).agrees());
//! let report = check::gradient!(cost, &[2.0, -1.0], &[-0.125, -0.25]);
//! assert_eq!(report.findings, [Finding::Sign]);
//! ```
//!
//! **3. A function of your own** is f, f′ and a name. [`check::activation`](check::activation())
//! tests it, and says which mistake it is.
//!
//! ```
//! use chainrule::{activation::Activation, check, scalar::Tape};
//! struct Cube;
//! impl Activation for Cube {
//!     fn name(&self) -> &'static str { "cube" }
//!     fn f(&self, x: f64) -> f64 { x * x * x }
//!     fn df(&self, x: f64, _y: f64) -> f64 { 3.0 * x * x }
//! }
//! assert!(check::activation(&Cube).agrees());
//! let tape = Tape::new();
//! let x = tape.var(2.0);
//! assert_eq!(x.apply(Cube).backward().wrt(x), 12.0);
//! ```
//!
//! **4. Matrices** hold one example per column. Logistic regression is a node on them, and its
//! gradient needs no formula; the formula is its judge.
//!
//! ```
//! use chainrule::logistic::{self, closed_form, Options};
//! use chainrule::tensor::Tensor;
//! let x = Tensor::from_rows(&[[1.0, -2.0, -1.0], [3.0, 0.5, -3.2]]); // 2 features, 3 examples
//! let y = Tensor::from_rows(&[[1.0, 1.0, 0.0]]);
//! let (w, b) = logistic::initialize_with_zeros(2);
//! let (tape, _) = logistic::propagate(&w, b, &x, &y)?;
//! let (by_hand, _) = closed_form::propagate(&w, b, &x, &y)?; // (1/m) X (A − Y)ᵀ
//! assert!((tape.dw.get(0, 0) - by_hand.dw.get(0, 0)).abs() < 1e-15);
//! let fit = logistic::optimize(w, b, &x, &y, &Options::default())?;
//! assert_eq!(logistic::predict(&fit.w, fit.b, &x)?.to_vec(), y.to_vec());
//! # Ok::<(), chainrule::Error>(())
//! ```
//!
//! Where to go from here:
//!
//! | module | what it is | taught in chapter |
//! |---|---|---|
//! | [`scalar`], [`tape`] | the engine: nodes, edges, one backward pass | [03], [04] |
//! | [`dual`] | forward mode, and formulas that run on any number | [05] |
//! | [`check`] | judges, verdicts, the names of mistakes | [05], [14], [15] |
//! | [`activation`] | every elementwise function, f and f′ | [07], [14] |
//! | [`formula`] | a formula as text | [03], [05] |
//! | [`tensor`], [`arithmetic`] | matrices on the tape, and their rules | [22], [06], [09] |
//! | [`logistic`] | the post's functions, under the post's names | [06] to [13] |
//! | [`network`] | layers, in blocks and on threads | [06], [18] |
//! | [`data`] | from a CSV file to examples | [12] |
//! | [`trace`], [`view`] | what was recorded, as tables, pictures, a page | [03], [13], [16] |
//! | [`error`] | how faults are told | [the index of errors](../../../docs/errors.md) |
//!
//! [03]: ../../../docs/03_tape.md
//! [04]: ../../../docs/04_fan_out.md
//! [05]: ../../../docs/05_four_judges.md
//! [06]: ../../../docs/06_architecture.md
//! [07]: ../../../docs/07_sigmoid.md
//! [09]: ../../../docs/09_propagate.md
//! [12]: ../../../docs/12_model.md
//! [13]: ../../../docs/13_cost_plot.md
//! [14]: ../../../docs/14_own_activation.md
//! [15]: ../../../docs/15_break_it.md
//! [16]: ../../../docs/16_numerics.md
//! [18]: ../../../docs/18_two_layers.md
//! [22]: ../../../docs/22_matrices.md

#![deny(missing_docs)]
#![deny(unsafe_code)]
#![deny(clippy::print_stdout, clippy::print_stderr)] // which panic where a pipe is closed

pub mod activation;
pub mod arithmetic;
pub mod check;
pub mod data;
pub mod dual;
pub mod error;
pub mod formula;
pub mod logistic;
pub mod network;
#[doc(hidden)]
pub mod program;
mod random;
pub mod scalar;
pub mod tape;
pub mod tensor;
pub mod trace;
pub mod view;

pub use error::{Error, Result};

/// The code in the chapters compiles and runs.
#[cfg(doctest)]
mod chapters {
    macro_rules! chapters {
        ($($name:ident: $file:literal),* $(,)?) => {
            $(#[doc = include_str!($file)] mod $name {})*
        };
    }
    chapters! {
        front: "../README.md", readme: "../docs/README.md", slope: "../docs/01_slope.md",
        by_hand: "../docs/02_by_hand.md", tape: "../docs/03_tape.md",
        fan_out: "../docs/04_fan_out.md", four_judges: "../docs/05_four_judges.md",
        architecture: "../docs/06_architecture.md", sigmoid: "../docs/07_sigmoid.md",
        initialize: "../docs/08_initialize.md", propagate: "../docs/09_propagate.md",
        optimize: "../docs/10_optimize.md", predict: "../docs/11_predict.md",
        model: "../docs/12_model.md", cost_plot: "../docs/13_cost_plot.md",
        own_activation: "../docs/14_own_activation.md", break_it: "../docs/15_break_it.md",
        numerics: "../docs/16_numerics.md", cost: "../docs/17_cost.md",
        two_layers: "../docs/18_two_layers.md", matrices: "../docs/22_matrices.md",
        likelihood: "../docs/23_likelihood.md", symmetry: "../docs/24_symmetry.md",
        glossary: "../docs/glossary.md",
        elsewhere: "../docs/elsewhere.md", house: "../docs/architecture.md",
        changelog: "../docs/changelog.md", errors: "../docs/errors.md",
        performance: "../docs/performance.md",
    }
}
