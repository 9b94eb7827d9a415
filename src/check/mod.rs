//! Is this gradient right? Several judges side by side, a verdict, and the name of the mistake.
//!
//! Taught in `docs/05_four_judges.md`, `docs/22_break_it.md`.
//!
//! The judges share little (see chapter 05): reverse mode (the tape), a closed form by hand,
//! forward mode ([`Dual`] numbers) and central [differences](Difference).
//!
//! - [`gradient!`] holds a formula of yours, and a gradient that you derived, before all of them;
//! - [`activation()`] tests f and f′ of an [`Activation`](crate::activation::Activation);
//! - [`derivation()`] holds derivatives of yours before a tape, of numbers or of matrices;
//! - [`diagnose`] compares two gradients that you have;
//! - [`propagate`](propagate()) does it for logistic regression;
//! - [`hessian!`] and [`curvature`](curvature()) judge second derivatives.
//!
//! Where the tape of the formula is at hand, a wrong gradient by hand is explained by a [`Slip`]: the
//! one rule that was applied wrongly, at its place. Otherwise a mistake is named where a hypothesis (a
//! [`Finding`]) explains all numbers to one part in a million. Where several fit, all are named,
//! and where none does, that is said.
//!
//! How often that is right, as the tests measure it: of 7,740 instances of 129 kinds of slips that
//! people make, typed as formulas and judged at 13 points, 99 % have the true place among at most
//! three that are named, and none has a wrong one only (in 38 of the kinds, any place counts as
//! true). Of 2,087 slips of 17 kinds in random formulas all have, and each "try:" that is arithmetic,
//! carried out on the numbers, makes the derivative right. Of 370 pairs of slips none was taken for a
//! single third one, and of 3,000 right derivatives none was accused. At a single point, two
//! different slips may look the same.
//!
//! Once, outside of the tests, a computer algebra system wrote right derivatives of random formulas in
//! odd forms: of 3,968, two were called wrong, with numbers of 1e94 and more inside. Of 2,770 that had
//! one slip of 51 kinds all were seen, and 95 % had its place among at most three.
//!
//! From outside, without a tape: each kind of [`Finding`] was put in twenty times at least, and the
//! right name came out each time. A difference finds the scale of f and the noise of its values by
//! itself; the tests hold it to 40,000 right slopes of saturating functions, stretched down to 1e-12
//! and shifted, and to the functions of the crate in f32, rounded and with noise: none is called
//! wrong. Of 37,000 right functions composed at random 15 are, at corners where the slopes of both
//! sides change at once and in waves faster than the steps. What cannot be seen: a slope that is
//! wrong only between two points of the grid; stairs inside of a function that rises all the same.
//! Where nobody could judge, the verdict is NOT JUDGED.
//!
//! ```
//! use chainrule::check::{self, Finding, Scalar};
//!
//! fn cost<S: Scalar>(p: &[S]) -> S {
//!     p[0] * p[0] + 3.0 * p[1]
//! }
//!
//! assert!(check::gradient!(cost, &[2.0, 1.0]).agrees());
//! let report = check::gradient!(cost, &[2.0, 1.0], &[-4.0, -3.0]); // derived by hand
//! assert_eq!(report.findings, [Finding::Sign]);
//! ```

mod activation;
mod comparison;
mod derivation;
mod diagnosis;
mod differences;
mod gradient;
mod hessian;
mod table;

pub use crate::dual::{Arithmetic, Dual, Plain, Scalar};
pub use activation::{ActivationReport, activation};
pub use comparison::{Comparison, Entry, verdict};
pub use derivation::{Claim, Derivation, Explained, Slip, derivation, slips};
pub use diagnosis::{Finding, Point, diagnose};
pub use differences::Difference;
pub use gradient::{
    ByHand, GradientReport, Parameter, gradient, layer, points, points_around, propagate,
};
pub use hessian::{curvature, hessian};

/// The gradient of a formula, by reverse mode, forward mode and central differences; and yours, if
/// you derived one by hand.
///
/// `gradient!(cost, at)` or `gradient!(cost, at, by_hand)`, where `cost` is a
/// `fn cost<S: Scalar>(p: &[S]) -> S`, `at` a list of numbers or of names with numbers, and `by_hand`
/// a list, a `fn(&[f64]) -> Vec<f64>` or `|p| vec![…]`. With data, write
/// `gradient!(|p| cost(p, &data), at)`. A closure cannot be generic: the macro writes it once for
/// each kind of number and calls [`gradient`](fn@crate::check::gradient).
///
/// ```
/// use chainrule::check::{self, Scalar};
///
/// fn loss<S: Scalar>(p: &[S], data: &[[f64; 2]]) -> S {
///     let losses = data.iter().map(|[x, y]| (p[0] * *x + p[1] - *y).powf(2.0));
///     losses.reduce(|sum, loss| sum + loss).unwrap_or(p[0] * 0.0) / data.len() as f64
/// }
///
/// let data = [[1.0, 3.0], [2.0, 5.0]];
/// let report = check::gradient!(|p| loss(p, &data), &[1.0, 0.0], &[-8.0, -5.0]);
/// assert!(report.agrees(), "{report}");
///
/// // Parameters may have names, and the gradient by hand may be a function of them.
/// let at = [("w", 4.0), ("b", 2.0)];
/// let report = check::gradient!(|p| p[0] * p[0] - p[1], &at, |p| vec![2.0 * p[0], 1.0]);
/// assert!(report.to_string().contains("the minus sign before b was lost"));
///
/// // A short formula stands in the macro itself.
/// assert!(check::gradient!(|p| p[0].sqrt() / p[1], &[4.0, 2.0], &[0.125, -0.5]).agrees());
/// ```
#[doc(inline)]
pub use crate::__gradient as gradient;

/// The second derivatives of a formula, by forward over reverse; judged by central differences of the
/// gradient, by symmetry, and beside yours, if you derived them by hand.
///
/// `hessian!(cost, at)` or `hessian!(cost, at, by_hand)`, where `cost` and `at` are as for
/// [`gradient!`], and `by_hand` is a list of rows. It calls [`hessian`](fn@crate::check::hessian).
///
/// ```
/// use chainrule::{check, formula::Formula};
/// let report = check::hessian!(|p| p[0] * p[0] * p[1], &[3.0, 5.0], &[[10.0, 6.0], [6.0, 0.0]]);
/// assert!(report.agrees(), "{report}");
///
/// // Of a formula that was typed, with a slip: -6 where 6 is right.
/// let formula = Formula::parse("x^2*y")?;
/// let at = [("x", 3.0), ("y", 5.0)];
/// let by_hand = [[10.0, 6.0], [-6.0, 0.0]];
/// let report = check::hessian!(|p| formula.eval(p).unwrap(), &at, &by_hand);
/// assert!(report.to_string().contains("y x"), "{report}");
/// assert!(!report.agrees());
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(inline)]
pub use crate::__hessian as hessian;
