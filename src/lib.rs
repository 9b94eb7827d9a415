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
//! | [`book`] | the lessons, from the slope to a network that learns | |
//! | [`scalar`], [`tape`] | the engine: nodes, edges, one backward pass | [03](book::ch03_tape), [04](book::ch04_fan_out) |
//! | [`dual`] | forward mode, alone or on a tape, and formulas that run on any number | [05](book::ch05_four_judges), [19](book::ch19_curvature) |
//! | [`check`] | judges, verdicts, the names of mistakes | [05](book::ch05_four_judges), [21](book::ch21_own_activation), [22](book::ch22_break_it) |
//! | [`activation`] | every elementwise function, f and f′ | [08](book::ch08_sigmoid), [21](book::ch21_own_activation) |
//! | [`formula`] | a formula as text | [03](book::ch03_tape), [05](book::ch05_four_judges) |
//! | [`tensor`], [`arithmetic`] | matrices on the tape, and their rules | [06](book::ch06_matrices), [11](book::ch11_propagate) |
//! | [`logistic`] | the post's functions, under the post's names; curvature | [07](book::ch07_architecture) to [15](book::ch15_cost_plot), [19](book::ch19_curvature) |
//! | [`network`] | layers, in blocks and on threads | [07](book::ch07_architecture), [16](book::ch16_two_layers) |
//! | [`data`] | from a CSV file to examples | [14](book::ch14_model) |
//! | [`trace`], [`view`] | what was recorded, as tables, pictures, a page | [03](book::ch03_tape), [15](book::ch15_cost_plot) |
//! | [`error`] | how faults are told | [the index of errors](book::errors) |
//!

#![deny(missing_docs)]
#![deny(unsafe_code)]
#![deny(clippy::print_stdout, clippy::print_stderr)] // which panic where a pipe is closed

pub mod activation;
pub mod arithmetic;
pub mod book;
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

/// The code in the README compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
