//! Forward mode: numbers that carry their slope along, and formulas that run on any number.
//!
//! Taught in `docs/05_four_judges.md`.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::activation::{Activation, Functions, Powf};
use crate::arithmetic;
use crate::scalar::Var;

/// What a formula can be computed with: `f64`, [`Dual`] and [`scalar::Var`](crate::scalar::Var).
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

/// `X ∘ Y = Z` for `+ − × ÷`, powers, max and min.
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
    /// `xʸ`; see [`arithmetic::pow`](crate::arithmetic::pow) for its slopes.
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

impl Functions for Var<'_> {
    #[track_caller]
    fn apply(self, f: impl Activation) -> Self {
        Var::apply(self, f)
    }
}

impl Scalar for Var<'_> {
    fn value(self) -> f64 {
        Var::value(self)
    }
    #[track_caller]
    fn constant(self, number: f64) -> Self {
        self.tape().constant(number)
    }
    #[track_caller]
    fn plus(self, others: &[Self]) -> Self {
        self.tape().sum([&self].into_iter().chain(others))
    }
}

/// The functions of two operands, as [`arithmetic`](crate::arithmetic) records them.
macro_rules! on_the_tape {
    ($($X:ty, $Y:ty);*) => {$(
        impl<'t> Arithmetic<$Y, Var<'t>> for $X {
            #[track_caller]
            fn pow(self, y: $Y) -> Var<'t> { arithmetic::pow(self, y) }
            #[track_caller]
            fn max(self, y: $Y) -> Var<'t> { arithmetic::max(self, y) }
            #[track_caller]
            fn min(self, y: $Y) -> Var<'t> { arithmetic::min(self, y) }
        }
    )*};
}
on_the_tape!(Var<'t>, Var<'t>; Var<'t>, f64; f64, Var<'t>);

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

    /// `local · x′`. What does not depend on the variable adds nothing, even where its local
    /// derivative is infinite: 0·∞ would be NaN.
    fn carry(self, local: f64) -> f64 {
        if self.depends() { local * self.slope } else { 0.0 }
    }

    fn depends(self) -> bool {
        self.varies || self.slope != 0.0
    }
}

/// One rule for `Dual ∘ Dual`, `Dual ∘ f64` and `f64 ∘ Dual`.
macro_rules! rule {
    ($Trait:ident, $method:ident, |$x:ident, $y:ident| $value:expr, $slope:expr) => {
        impl $Trait for Dual {
            type Output = Dual;
            fn $method(self, $y: Dual) -> Dual {
                let $x = self;
                Dual { value: $value, slope: $slope, varies: $x.depends() || $y.depends() }
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
