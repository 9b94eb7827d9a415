//! Forward mode: numbers that carry their slope along, and formulas that run on any number.
//!
//! Taught in `docs/05_four_judges.md`, `docs/19_curvature.md`.
//!
//! A tape holds them as it holds any value. Then each gradient of its backward pass carries a slope
//! along, too: a second derivative. This is called forward over reverse.
//!
//! ```
//! use chainrule::dual::{Dual, Tape};
//! let tape = Tape::new();
//! let (x, y) = (tape.var(Dual::variable(3.0)), tape.var(Dual::constant(5.0)));
//! let gradients = (x * x * y).backward();
//! let dx = gradients.wrt(x); // 2xy, and its slope in x: 2y
//! assert_eq!((dx.value, dx.slope), (30.0, 10.0));
//! assert_eq!(gradients.wrt(y).slope, 6.0); // that of x² in x
//! ```

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::activation::{Activation, Functions, Powf};
use crate::arithmetic::{self, Number};
use crate::error::mistake;
use crate::tape::{self, Value};

/// A tape of dual numbers.
pub type Tape = tape::Tape<Dual>;
/// A dual number on a tape.
pub type Var<'t> = tape::Var<'t, Dual>;

/// What a formula can be computed with: `f64`, [`Dual`], and either on a tape
/// ([`scalar::Var`](crate::scalar::Var), [`Var`]).
///
/// A formula that is written once for every `S: Scalar` runs as a plain number, in forward mode and
/// in reverse. Plain `f64` may stand on either side of an operator, every
/// [elementwise function](Functions) is a method, and so are `pow`, `max` and `min`; with the number
/// first they are `Arithmetic::max(0.0, x)`.
///
/// Inside a formula `x.max(y)` is always this trait's. Outside, where `x` is known to be an `f64`,
/// Rust prefers the methods of `f64`: its `max` and `min` swallow a NaN, and its `powi` may differ
/// in the last bit.
///
/// ```
/// use chainrule::check::{Dual, Scalar};
/// use chainrule::scalar::Tape;
///
/// fn sigmoid<S: Scalar>(x: S) -> S {
///     1.0 / (1.0 + (-x).exp())
/// }
///
/// let tape = Tape::new();
/// let x = tape.var(0.0);
/// assert_eq!(sigmoid(0.0), 0.5);
/// assert_eq!(sigmoid(Dual::variable(0.0)).slope, 0.25);
/// assert_eq!(sigmoid(x).backward().wrt(x), 0.25);
/// ```
pub trait Scalar:
    Copy
    + Functions
    + Neg<Output = Self>
    + Arithmetic<Self, Self>
    + Arithmetic<f64, Self>
    + Plain<Number: Arithmetic<Self, Self> + Arithmetic<f64, f64>, Number = f64>
{
    /// The plain number, without slope or tape.
    fn value(self) -> f64;
    /// A number that does not vary, of the same kind; beside a variable, on its tape.
    #[track_caller]
    fn constant(self, number: f64) -> Self;
    /// `xᵏ` for a whole number k: [`powf`](Functions::powf).
    #[track_caller]
    fn powi(self, k: i32) -> Self {
        self.powf(k.into())
    }
    /// `x + Σ yᵢ`; on a tape, one node.
    #[track_caller]
    fn plus(self, others: &[Self]) -> Self {
        others.iter().fold(0.0 + self, |sum, y| sum + *y)
    }
}

/// `Self op Y = Z` for `+ − × ÷`, powers, max and min.
///
/// ```
/// use chainrule::check::{Arithmetic, Scalar};
/// fn hinge<S: Scalar>(z: S) -> S {
///     Arithmetic::max(0.0, 1.0 - z)
/// }
/// assert_eq!(hinge(0.25), 0.75);
/// assert!(hinge(f64::NAN).is_nan());
/// ```
pub trait Arithmetic<Y, Z>:
    Add<Y, Output = Z> + Sub<Y, Output = Z> + Mul<Y, Output = Z> + Div<Y, Output = Z>
{
    /// `xʸ`; see [`arithmetic::pow`] for its slopes.
    #[track_caller]
    fn pow(self, y: Y) -> Z;
    /// The greater one, on a tie the first; NaN if one of the two is.
    #[track_caller]
    fn max(self, y: Y) -> Z;
    /// The lesser one, on a tie the first; NaN if one of the two is.
    #[track_caller]
    fn min(self, y: Y) -> Z;
}

/// Names `f64` inside the bounds of [`Scalar`]. Whoever uses `S: Scalar` may then write `1.0 + x`
/// without repeating a bound on `f64`: the bounds of an associated type come with the trait.
pub trait Plain {
    /// `f64`.
    type Number;
}

impl<X> Plain for X {
    type Number = f64;
}

impl Functions for f64 {
    fn apply(self, f: impl Activation) -> f64 {
        f.f(self)
    }
}

impl Scalar for f64 {
    fn value(self) -> f64 {
        self
    }
    fn constant(self, number: f64) -> f64 {
        number
    }
}

impl Arithmetic<f64, f64> for f64 {
    fn pow(self, y: f64) -> f64 {
        Powf { exponent: y }.f(self)
    }
    fn max(self, y: f64) -> f64 {
        choose(self >= y, self < y, self, y)
    }
    fn min(self, y: f64) -> f64 {
        choose(self <= y, self > y, self, y)
    }
}

/// x or y; where neither holds, one of the two is NaN, which `f64::max` would swallow.
fn choose(first: bool, second: bool, x: f64, y: f64) -> f64 {
    match (first, second) {
        (true, _) => x,
        (_, true) => y,
        _ => f64::NAN,
    }
}

impl<V: Number> Functions for tape::Var<'_, V> {
    #[track_caller]
    fn apply(self, f: impl Activation) -> Self {
        tape::Var::apply(self, f)
    }
}

impl<V: Number<Local = V> + Scalar> Scalar for tape::Var<'_, V> {
    fn value(self) -> f64 {
        tape::Var::value(self).value()
    }
    #[track_caller]
    fn constant(self, number: f64) -> Self {
        self.tape().constant(number.into())
    }
    #[track_caller]
    fn plus(self, others: &[Self]) -> Self {
        self.tape().sum([&self].into_iter().chain(others))
    }
}

/// The functions of two operands, as [`arithmetic`](crate::arithmetic) records them.
macro_rules! on_the_tape {
    ($($X:ty, $Y:ty);*) => {$(
        impl<'t, V: Number> Arithmetic<$Y, tape::Var<'t, V>> for $X {
            #[track_caller]
            fn pow(self, y: $Y) -> tape::Var<'t, V> { arithmetic::pow(self, y) }
            #[track_caller]
            fn max(self, y: $Y) -> tape::Var<'t, V> { arithmetic::max(self, y) }
            #[track_caller]
            fn min(self, y: $Y) -> tape::Var<'t, V> { arithmetic::min(self, y) }
        }
    )*};
}
on_the_tape!(tape::Var<'t, V>, tape::Var<'t, V>; tape::Var<'t, V>, f64; f64, tape::Var<'t, V>);

/// A dual number `x + x′ε` with `ε² = 0`: a value and its slope with respect to one variable.
///
/// Each operation carries the slope along: forward mode. Its rules are written here a second time,
/// so that they witness for those of the tape.
///
/// ```
/// use chainrule::check::Dual;
/// let x = Dual::variable(3.0);
/// let y = x * x + 2.0 * x;
/// assert_eq!((y.value, y.slope), (15.0, 8.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dual {
    /// x.
    pub value: f64,
    /// x′.
    pub slope: f64,
    /// Whether x depends on the variable. It may, and have slope 0: x² does at 0.
    varies: bool,
}

impl Dual {
    /// The variable itself: slope 1.
    pub fn variable(value: f64) -> Dual {
        Dual { value, slope: 1.0, varies: true }
    }

    /// What does not depend on the variable: slope 0.
    pub fn constant(value: f64) -> Dual {
        Dual { value, slope: 0.0, varies: false }
    }

    /// A point that moves along its entry `i`: that is the variable, and the others are constants.
    ///
    /// ```
    /// use chainrule::dual::Dual;
    /// let p = Dual::along(&[3.0, 5.0], 0);
    /// assert_eq!((p[0] * p[0] * p[1]).slope, 30.0); // d(x² y)/dx = 2xy
    /// ```
    pub fn along(at: &[f64], i: usize) -> Vec<Dual> {
        let number = |(k, &x)| if k == i { Dual::variable(x) } else { Dual::constant(x) };
        at.iter().enumerate().map(number).collect()
    }

    /// `local · x′`. What does not depend on the variable adds nothing, even where its local
    /// derivative is infinite: 0·∞ would be NaN.
    fn carry(self, local: f64) -> f64 {
        if self.depends() { local * self.slope } else { 0.0 }
    }

    /// |x| and |x′|.
    pub(crate) fn sizes(&self) -> Dual {
        Dual { value: self.value.abs(), slope: self.slope.abs(), varies: self.varies }
    }

    fn depends(self) -> bool {
        self.varies || self.slope != 0.0
    }
}

/// One rule for `Dual op Dual`, `Dual op f64` and `f64 op Dual`.
macro_rules! rule {
    ($Trait:ident, $method:ident, |$x:ident, $y:ident| $value:expr, $slope:expr) => {
        impl $Trait for Dual {
            type Output = Dual;
            fn $method(self, $y: Dual) -> Dual {
                let $x = self;
                Dual { value: $value, slope: $slope, varies: $x.depends() || $y.depends() }
            }
        }
        impl $Trait<&Dual> for Dual {
            type Output = Dual;
            fn $method(self, y: &Dual) -> Dual {
                $Trait::$method(self, *y)
            }
        }
        impl $Trait<f64> for Dual {
            type Output = Dual;
            fn $method(self, y: f64) -> Dual {
                $Trait::$method(self, Dual::constant(y))
            }
        }
        impl $Trait<Dual> for f64 {
            type Output = Dual;
            fn $method(self, y: Dual) -> Dual {
                $Trait::$method(Dual::constant(self), y)
            }
        }
    };
}
// (x + y)′ = x′ + y′, (x − y)′ = x′ − y′, (x y)′ = y x′ + x y′, (x/y)′ = x′/y − (x/y) y′/y
rule!(Add, add, |x, y| x.value + y.value, x.slope + y.slope);
rule!(Sub, sub, |x, y| x.value - y.value, x.slope - y.slope);
rule!(Mul, mul, |x, y| x.value * y.value, x.carry(y.value) + y.carry(x.value));
rule!(Div, div, |x, y| x.value / y.value, {
    x.carry(1.0 / y.value) - y.carry(x.value / y.value / y.value)
});

impl Neg for Dual {
    type Output = Dual;
    /// (−x)′ = −x′.
    fn neg(self) -> Dual {
        Dual { value: -self.value, slope: -self.slope, varies: self.depends() }
    }
}

impl Arithmetic<Dual, Dual> for Dual {
    /// (xʸ)′ = y xʸ⁻¹ x′ + xʸ ln x y′, where 0ʸ ln 0 is 0 for y > 0.
    fn pow(self, y: Dual) -> Dual {
        let (value, slope) = Powf { exponent: y.value }.f_df(self.value);
        let in_exponent = if value == 0.0 { 0.0 } else { value * self.value.ln() };
        let slope = self.carry(slope) + y.carry(in_exponent);
        Dual { value, slope, varies: self.depends() || y.depends() }
    }
    fn max(self, y: Dual) -> Dual {
        self.choose(self.value >= y.value, self.value < y.value, y)
    }
    fn min(self, y: Dual) -> Dual {
        self.choose(self.value <= y.value, self.value > y.value, y)
    }
}

impl Dual {
    /// max(x, y)′ and min(x, y)′ are those of the chosen one.
    fn choose(self, first: bool, second: bool, y: Dual) -> Dual {
        let value = choose(first, second, self.value, y.value);
        let slope = choose(first, second, self.slope, y.slope);
        Dual { value, slope, varies: self.depends() || y.depends() }
    }
}

/// A plain number on one side is a constant.
macro_rules! with_numbers {
    ($($method:ident)*) => {
        impl Arithmetic<f64, Dual> for Dual {
            $(fn $method(self, y: f64) -> Dual { Arithmetic::$method(self, Dual::constant(y)) })*
        }
        impl Arithmetic<Dual, Dual> for f64 {
            $(fn $method(self, y: Dual) -> Dual { Arithmetic::$method(Dual::constant(self), y) })*
        }
    };
}
with_numbers!(pow max min);

impl Functions for Dual {
    /// f(x)′ = f′(x) x′.
    fn apply(self, f: impl Activation) -> Dual {
        let (value, slope) = f.f_df(self.value);
        Dual { value, slope: self.carry(slope), varies: self.depends() }
    }
}

impl Scalar for Dual {
    fn value(self) -> f64 {
        self.value
    }
    fn constant(self, number: f64) -> Dual {
        Dual::constant(number)
    }
}

impl From<f64> for Dual {
    fn from(number: f64) -> Dual {
        Dual::constant(number)
    }
}

impl Value for Dual {
    /// The local derivative, with its own slope.
    type Local = Dual;
    fn like(&self, entry: f64) -> Dual {
        entry.into()
    }
    fn nothing() -> Dual {
        f64::nothing().into()
    }
    fn is_nothing(&self) -> bool {
        self.value.is_nothing()
    }
    fn carry_back(local: &Dual, upstream: &Dual) -> Dual {
        *local * upstream
    }
    fn accumulate(&mut self, contribution: Dual) {
        *self = *self + contribution;
    }
}

impl Number for Dual {
    fn times(factor: Dual) -> Dual {
        factor
    }
    /// f(x) has the slope f′(x) x′, and f′(x) has the slope f″(x) x′.
    #[track_caller]
    fn map_with_slope<A: Activation>(&self, f: &A) -> (Dual, Dual) {
        let (y, df) = f.f_df(self.value);
        let varies = self.depends();
        let curvature = match f.d2f(self.value, y) {
            Some(curvature) => curvature,
            None if varies => no_second_derivative(f.name()),
            None => 0.0, // times nothing
        };
        let with_slope = |value, local| Dual { value, slope: self.carry(local), varies };
        (with_slope(y, df), with_slope(df, curvature))
    }
    fn zip(x: &Dual, y: &Dual, z: &Dual, f: impl Fn(f64, f64, f64) -> [f64; 3]) -> Dual {
        let [value, dx, dy] = f(x.value, y.value, z.value);
        let slope = x.carry(dx) + y.carry(dy);
        Dual { value, slope, varies: x.depends() || y.depends() }
    }
}

#[cold]
#[track_caller]
fn no_second_derivative(name: &str) -> ! {
    mistake(
        &format!("`{name}` has no second derivative"),
        &["a tape of dual numbers needs f″, the slope of f′".to_string()],
        "the local derivative is f′(x), and where x moves, that moves by f″(x)",
        "write d2f for it, beside f and df",
    )
}

/// The gradient of `cost` at a point, and how it changes along a direction: each entry of the
/// gradient carries its slope along `direction`. These slopes are the Hessian times the direction,
/// by one backward pass.
///
/// ```
/// use chainrule::dual;
/// let gradient = dual::gradient_along(|p| p[0] * p[0] * p[1], &[3.0, 5.0], &[1.0, 0.0]);
/// assert_eq!([gradient[0].value, gradient[1].value], [30.0, 9.0]); // 2xy, x²
/// assert_eq!([gradient[0].slope, gradient[1].slope], [10.0, 6.0]); // their slopes in x: 2y, 2x
/// ```
///
/// # Panics
/// If the direction has not as many entries as the point, or `cost` applies an [`Activation`] without
/// [`d2f`](Activation::d2f).
#[track_caller]
pub fn gradient_along(
    cost: impl for<'t> Fn(&[Var<'t>]) -> Var<'t>,
    at: &[f64],
    direction: &[f64],
) -> Vec<Dual> {
    if at.len() != direction.len() {
        mistake(
            &format!("the direction has {} entries", direction.len()),
            &[format!("the point has {}", at.len())],
            "each parameter moves by its own entry of the direction",
            "give one entry for each parameter: 0 for one that stays",
        )
    }
    let tape = Tape::new();
    let moving = |(&value, &slope): (&f64, &f64)| Dual { value, slope, varies: slope != 0.0 };
    let p: Vec<Var> = at.iter().zip(direction).map(moving).map(|p| tape.var(p)).collect();
    let gradients = cost(&p).backward();
    let mut entries = vec![];
    for p in p {
        entries.push(gradients.wrt(p)); // in a loop, which keeps the caller's place
    }
    entries
}

/// The Hessian of `cost`, row by row: all second derivatives, by one backward pass for each row.
///
/// ```
/// let hessian = chainrule::dual::hessian(|p| p[0] * p[0] * p[1], &[3.0, 5.0]);
/// assert_eq!(hessian, [[10.0, 6.0], [6.0, 0.0]]);
/// ```
///
/// # Panics
/// As [`gradient_along`].
#[track_caller]
pub fn hessian(cost: impl for<'t> Fn(&[Var<'t>]) -> Var<'t>, at: &[f64]) -> Vec<Vec<f64>> {
    let mut rows = vec![];
    for i in 0..at.len() {
        let mut direction = vec![0.0; at.len()];
        direction[i] = 1.0;
        let row = gradient_along(&cost, at, &direction);
        rows.push(row.into_iter().map(|dual| dual.slope).collect());
    }
    rows
}
