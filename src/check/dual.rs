//! Forward mode: numbers that carry their slope along, and formulas that run on any number.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::activation::{Activation, Functions};
use crate::scalar::Var;

/// What a formula can be computed with: `f64`, [`Dual`] and [`scalar::Var`](crate::scalar::Var).
///
/// A formula that is written once for every `S: Scalar` runs as a plain number, in forward mode and
/// in reverse. Plain `f64` may stand on either side of an operator, and every
/// [elementwise function](Functions) is a method.
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
}

/// `X ∘ Y = Z` for `+ − × ÷`.
pub trait Arithmetic<Y, Z>:
    Add<Y, Output = Z> + Sub<Y, Output = Z> + Mul<Y, Output = Z> + Div<Y, Output = Z>
{
}

impl<X, Y, Z> Arithmetic<Y, Z> for X where
    X: Add<Y, Output = Z> + Sub<Y, Output = Z> + Mul<Y, Output = Z> + Div<Y, Output = Z>
{
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
}

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
}
