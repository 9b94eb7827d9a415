//! `+ − × ÷`, powers, max, min and elementwise functions: each rule once, for numbers and for
//! matrices.
//!
//! Taught in `docs/04_fan_out.md`, `docs/11_propagate.md`.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::activation::{Activation, Powf, methods};
use crate::error::mistake;
pub use crate::tape::Operand;
use crate::tape::{NO_SLOPES, Operation, Value, Var};

/// A [`Value`] with arithmetic: what the rules below need to know of it.
pub trait Number:
    Value
    + From<f64>
    + for<'a> Add<&'a Self, Output = Self>
    + for<'a> Sub<&'a Self, Output = Self>
    + for<'a> Mul<&'a Self, Output = Self>
    + for<'a> Div<&'a Self, Output = Self>
    + Neg<Output = Self>
{
    /// Whether a local derivative costs more than to ask whether it is needed: then a constant gets
    /// none. On a tape of numbers the question would take 0.5 ns.
    const COSTLY: bool = true;
    /// The local derivative "multiply, entry by entry, by `factor`".
    fn times(factor: Self) -> Self::Local;
    /// f and f′ of every entry.
    #[track_caller]
    fn map_with_slope<A: Activation>(&self, f: &A) -> (Self, Self);
    /// The first of `f` of the entries of all three, where z depends on x and y; a 1×1 is broadcast.
    /// The other two are its slopes in x and in y, for numbers that carry a slope along.
    #[track_caller]
    fn zip(x: &Self, y: &Self, z: &Self, f: impl Fn(f64, f64, f64) -> [f64; 3]) -> Self;
    /// Both operands in one shape; what must be broadcast for that is recorded as a node.
    #[track_caller]
    fn aligned<'t>(x: Var<'t, Self>, y: Var<'t, Self>) -> (Var<'t, Self>, Var<'t, Self>) {
        (x, y)
    }
}

/// What a rule says. A local derivative is a function of its own, so that one that has nowhere to
/// go, because the operand is a plain number or a constant, is not computed.
struct Rule<V: Value> {
    /// The formulas of the local derivatives, where `c` is y and `y` is z.
    slopes: [&'static str; 2],
    /// z, from x and y.
    z: fn(&V, &V) -> V,
    /// The local derivative with respect to x, from x, y and z.
    dx: fn(&V, &V, &V) -> V::Local,
    /// The local derivative with respect to y, from x, y and z.
    dy: fn(&V, &V, &V) -> V::Local,
}

/// z = x + y: dz/dx = 1, dz/dy = 1. Addition distributes.
fn add<V: Number>() -> Rule<V> {
    Rule {
        slopes: ["1", "1"],
        z: |x, y| x.clone() + y,
        dx: |_, _, _| 1.0.into(),
        dy: |_, _, _| 1.0.into(),
    }
}

/// z = x − y: dz/dx = 1, dz/dy = −1.
fn sub<V: Number>() -> Rule<V> {
    Rule {
        slopes: ["1", "-1"],
        z: |x, y| x.clone() - y,
        dx: |_, _, _| 1.0.into(),
        dy: |_, _, _| (-1.0).into(),
    }
}

/// z = x·y: dz/dx = y, dz/dy = x. Multiplication swaps.
fn mul<V: Number>() -> Rule<V> {
    Rule {
        slopes: ["c", "x"],
        z: |x, y| x.clone() * y,
        dx: |_, y, _| V::times(y.clone()),
        dy: |x, _, _| V::times(x.clone()),
    }
}

/// z = x/y: dz/dx = 1/y, dz/dy = −x/y² = −z/y.
fn div<V: Number>() -> Rule<V> {
    Rule {
        slopes: ["1 / c", "-y / c"],
        z: |x, y| x.clone() / y,
        dx: |_, y, _| V::times(V::from(1.0) / y),
        dy: |_, y, z| V::times(-z.clone() / y),
    }
}

/// z = xʸ, entry by entry: dz/dx = y xʸ⁻¹, dz/dy = z ln x, which is 0 where z is.
fn power<V: Number>() -> Rule<V> {
    Rule {
        slopes: ["c x^(c - 1)", "y ln x"],
        z: |x, y| {
            V::zip(x, y, x, |x, y, _| {
                let (z, dx) = Powf { exponent: y }.f_df(x);
                [z, dx, times_ln(z, x)]
            })
        },
        dx: |x, y, z| {
            V::times(V::zip(x, y, z, |x, y, z| {
                let f = Powf { exponent: y };
                [f.df(x, z), f.d2f(x, z).unwrap_or(f64::NAN), power_mixed(x, y)]
            }))
        },
        dy: |x, y, z| {
            V::times(V::zip(x, y, z, |x, y, z| {
                let dy = times_ln(z, x);
                [dy, power_mixed(x, y), times_ln(dy, x)]
            }))
        },
    }
}

/// `factor · ln x`, and 0 where the factor is.
fn times_ln(factor: f64, x: f64) -> f64 {
    if factor == 0.0 { 0.0 } else { factor * x.ln() }
}

/// d²z/dx dy = xʸ⁻¹ (1 + y ln x), and 0 where xʸ⁻¹ is.
fn power_mixed(x: f64, y: f64) -> f64 {
    let lower = Powf { exponent: y - 1.0 }.f(x);
    if lower == 0.0 { 0.0 } else { lower * (1.0 + y * x.ln()) }
}

/// z = max(x, y), entry by entry: dz/dx = 1, dz/dy = 0 where x ≥ y, else the reverse. Max routes.
fn maximum<V: Number>() -> Rule<V> {
    Rule {
        slopes: NO_SLOPES,
        z: |x, y| V::zip(x, y, x, |x, y, _| routed(x, y, [x, 1.0, 0.0], [y, 0.0, 1.0])),
        dx: |x, y, z| V::times(V::zip(x, y, z, |x, y, _| routed(x, y, ONE, ZERO))),
        dy: |x, y, z| V::times(V::zip(x, y, z, |x, y, _| routed(x, y, ZERO, ONE))),
    }
}

/// z = min(x, y) = −max(−x, −y), entry by entry, with the same slopes.
fn minimum<V: Number>() -> Rule<V> {
    Rule {
        slopes: NO_SLOPES,
        z: |x, y| V::zip(x, y, x, |x, y, _| routed(-x, -y, [x, 1.0, 0.0], [y, 0.0, 1.0])),
        dx: |x, y, z| V::times(V::zip(x, y, z, |x, y, _| routed(-x, -y, ONE, ZERO))),
        dy: |x, y, z| V::times(V::zip(x, y, z, |x, y, _| routed(-x, -y, ZERO, ONE))),
    }
}

/// A number and its slopes.
const ONE: [f64; 3] = [1.0, 0.0, 0.0];
const ZERO: [f64; 3] = [0.0; 3];

/// `first` where x ≥ y, `second` where x < y; NaN, which f64::max would swallow, where one is.
fn routed(x: f64, y: f64, first: [f64; 3], second: [f64; 3]) -> [f64; 3] {
    if x >= y {
        first
    } else if x < y {
        second
    } else {
        [f64::NAN; 3]
    }
}

/// Records one rule, for `Var op Var`, `Var op f64` and `f64 op Var`.
#[track_caller]
#[inline(always)]
fn record<'t, V: Number>(
    name: &'static str,
    rule: Rule<V>,
    x: impl Into<Operand<'t, V>>,
    y: impl Into<Operand<'t, V>>,
) -> Var<'t, V> {
    let (tape, x, y) = match (x.into(), y.into()) {
        (Operand::Var(x), Operand::Var(y)) => {
            x.tape().assert_own(name, &[y]);
            let (x, y) = V::aligned(x, y);
            (x.tape(), Operand::Var(x), Operand::Var(y))
        }
        (Operand::Var(x), y) => (x.tape(), Operand::Var(x), y),
        (x, Operand::Var(y)) => (y.tape(), x, Operand::Var(y)),
        (Operand::Number(x), Operand::Number(y)) => mistake(
            &format!("`{name}` of two plain numbers has no tape to be recorded on"),
            &[format!("the operands are {x} and {y}")],
            "only what depends on a variable has a gradient",
            "make one of them a variable, or use the function of f64: powf, max, min",
        ),
    };
    let recording = tape.read();
    let (x_value, y_value) = (x.value(&recording), y.value(&recording));
    drop(recording);
    let z = (rule.z)(&x_value, &y_value);
    let local = |operand: &Operand<V>, slope: fn(&V, &V, &V) -> V::Local| match operand {
        Operand::Var(x) if x.varies() || !V::COSTLY => slope(&x_value, &y_value, &z),
        _ => 0.0.into(),
    };
    let (dx, dy) = (local(&x, rule.dx), local(&y, rule.dy));
    tape.record(Operation::ours(name, rule.slopes), z, [(x, dx), (y, dy)])
}

macro_rules! operator {
    ($Trait:ident, $rule:ident) => {
        operator!($Trait, $rule, Var<'t, V>, Var<'t, V>);
        operator!($Trait, $rule, Var<'t, V>, f64);
        operator!($Trait, $rule, f64, Var<'t, V>);
    };
    ($Trait:ident, $rule:ident, $X:ty, $Y:ty) => {
        impl<'t, V: Number> $Trait<$Y> for $X {
            type Output = Var<'t, V>;
            #[track_caller]
            #[inline(always)]
            fn $rule(self, y: $Y) -> Var<'t, V> {
                record(stringify!($rule), $rule(), self, y)
            }
        }
    };
}
operator!(Add, add);
operator!(Sub, sub);
operator!(Mul, mul);
operator!(Div, div);

/// A function of two operands, and the method of the same name.
macro_rules! function_of_two {
    ($(#[$doc:meta])* $name:ident: $f:ident) => {
        $(#[$doc])*
        ///
        /// # Panics
        /// If the shapes do not fit, or if both operands are plain numbers.
        #[track_caller]
        pub fn $name<'t, V: Number>(
            x: impl Into<Operand<'t, V>>,
            y: impl Into<Operand<'t, V>>,
        ) -> Var<'t, V> {
            record(stringify!($name), $f(), x, y)
        }

        impl<'t, V: Number> Var<'t, V> {
            $(#[$doc])*
            ///
            /// # Panics
            /// If the shapes do not fit.
            #[track_caller]
            pub fn $name(self, y: impl Into<Operand<'t, V>>) -> Self {
                $name(self, y)
            }
        }
    };
}

function_of_two! {
    /// `z = xʸ`, entry by entry; `dz/dx = y xʸ⁻¹`, which is 0 for y = 0, and `dz/dy = z ln x`,
    /// which is 0 for x = 0 and y > 0.
    ///
    /// Accuracy as [`powf`](crate::activation::Powf), and 3 ULP for dz/dy where z is not subnormal.
    /// For x < 0, where xʸ is defined for whole numbers y only, dz/dy is NaN (0 where z is 0, too
    /// small for an f64).
    ///
    /// ```
    /// use chainrule::{arithmetic::pow, scalar::Tape};
    /// let tape = Tape::new();
    /// let x = tape.var(2.0);
    /// assert_eq!(pow(3.0, x).value(), 9.0); // 3ˣ
    /// assert_eq!(pow(3.0, x).backward().wrt(x), 9.0 * 3f64.ln());
    /// assert_eq!(x.pow(x).backward().wrt(x), 4.0 * (1.0 + 2f64.ln())); // (xˣ)′ = xˣ (1 + ln x)
    /// ```
    pow: power
}

function_of_two! {
    /// `z = max(x, y)`, entry by entry; slope 1 for the greater operand and 0 for the other. On a
    /// tie all goes to the first. Exact; NaN if one of the two is.
    ///
    /// ```
    /// use chainrule::scalar::Tape;
    /// let tape = Tape::new();
    /// let (x, y) = (tape.var(2.0), tape.var(5.0));
    /// let gradients = x.max(y).backward();
    /// assert_eq!((gradients.wrt(x), gradients.wrt(y)), (0.0, 1.0));
    /// assert_eq!(x.max(0.0).backward().wrt(x), 1.0);
    /// ```
    max: maximum
}

function_of_two! {
    /// `z = min(x, y)`, entry by entry; slope 1 for the lesser operand and 0 for the other. On a
    /// tie all goes to the first. Exact; NaN if one of the two is.
    ///
    /// ```
    /// use chainrule::scalar::Tape;
    /// let tape = Tape::new();
    /// let (x, y) = (tape.var(2.0), tape.var(5.0));
    /// let gradients = x.min(y).backward();
    /// assert_eq!((gradients.wrt(x), gradients.wrt(y)), (1.0, 0.0));
    /// assert_eq!(x.min(2.0).backward().wrt(x), 1.0); // a tie
    /// ```
    min: minimum
}

impl<V: Number> Neg for Var<'_, V> {
    type Output = Self;
    /// y = −x: dy/dx = −1.
    #[track_caller]
    fn neg(self) -> Self {
        let edge = (self, (-1.0).into());
        self.tape().record(Operation::ours("neg", ["-1", ""]), -self.value(), [edge])
    }
}

impl<V: Number> Var<'_, V> {
    /// `y = f(x)`, entry by entry, for any [`Activation`]: the crate's or your own.
    ///
    /// ```
    /// use chainrule::{activation::Activation, scalar::Tape};
    ///
    /// struct Square;
    /// impl Activation for Square {
    ///     fn name(&self) -> &'static str { "square" }
    ///     fn f(&self, x: f64) -> f64 { x * x }
    ///     fn df(&self, x: f64, _y: f64) -> f64 { 2.0 * x }
    /// }
    ///
    /// let tape = Tape::new();
    /// let x = tape.var(3.0);
    /// let y = x.apply(Square);
    /// assert_eq!((y.value(), y.backward().wrt(x)), (9.0, 6.0));
    /// ```
    #[track_caller]
    pub fn apply(self, f: impl Activation) -> Self {
        let (y, slope) = self.value().map_with_slope(&f);
        let edge = (self.into(), V::times(slope));
        match f.parameter() {
            Some(c) => {
                self.tape().record(f.operation(), y, [edge, (Operand::Number(c), 0.0.into())])
            }
            None => self.tape().record(f.operation(), y, [edge] as [(Operand<V>, _); 1]),
        }
    }
    /// `y = xᵏ` for a whole number k, of either sign: [`powf`](Var::powf), which is as exact for
    /// whole numbers, and recorded as such; slope `k xᵏ⁻¹`, and 0 for k = 0.
    ///
    /// ```
    /// use chainrule::scalar::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var(-2.0);
    /// let y = x.powi(3);
    /// assert_eq!((y.value(), y.backward().wrt(x)), (-8.0, 12.0));
    /// ```
    #[track_caller]
    pub fn powi(self, k: i32) -> Self {
        self.powf(k.into())
    }
}

methods!();
