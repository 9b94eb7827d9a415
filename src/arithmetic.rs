//! `+ − × ÷`, powers, max, min and elementwise functions: each rule once, for numbers and for
//! matrices.
//!
//! Taught in `docs/04_fan_out.md`, `docs/09_propagate.md`.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::activation::{Activation, Powf, methods};
use crate::error::mistake;
use crate::tape::{Value, Var};

/// A [`Value`] with arithmetic: what the rules below need to know of it.
pub trait Number:
    Value
    + From<f64>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// The local derivative "multiply, entry by entry, by `factor`".
    fn times(factor: Self) -> Self::Local;
    /// The local derivative "multiply by the number `factor`".
    fn scale(factor: f64) -> Self::Local;
    /// f and f′ of every entry.
    fn map_with_slope<A: Activation>(&self, f: &A) -> (Self, Self);
    /// `f` of the entries of both: the value, and the slopes with respect to the first and to the
    /// second. A 1×1 is broadcast.
    #[track_caller]
    fn zip_with_slopes(&self, other: &Self, f: impl Fn(f64, f64) -> [f64; 3]) -> [Self; 3];
    /// Both operands in one shape; what must be broadcast for that is recorded as a node.
    #[track_caller]
    fn aligned<'t>(x: Var<'t, Self>, y: Var<'t, Self>) -> (Var<'t, Self>, Var<'t, Self>) {
        (x, y)
    }
}

/// An operand: a variable, or a plain number, which adds no node. A function that takes an
/// `impl Into<Operand>` takes either as it is: `x.max(y)`, `x.max(0.0)`.
#[derive(Clone, Copy, Debug)]
pub enum Operand<'t, V: Value> {
    /// A variable or constant on a tape.
    Var(Var<'t, V>),
    /// A plain number; for a matrix, one that is broadcast.
    Number(f64),
}

impl<'t, V: Value> From<Var<'t, V>> for Operand<'t, V> {
    fn from(var: Var<'t, V>) -> Self {
        Operand::Var(var)
    }
}

impl<V: Value> From<f64> for Operand<'_, V> {
    fn from(number: f64) -> Self {
        Operand::Number(number)
    }
}

/// What a rule gives: the value z, and the local derivatives with respect to x and to y.
type Rule<V> = (V, <V as Value>::Local, <V as Value>::Local);

/// z = x + y: dz/dx = 1, dz/dy = 1. Addition distributes.
fn add<V: Number>(x: V, y: V) -> Rule<V> {
    (x + y, V::scale(1.0), V::scale(1.0))
}

/// z = x − y: dz/dx = 1, dz/dy = −1.
fn sub<V: Number>(x: V, y: V) -> Rule<V> {
    (x - y, V::scale(1.0), V::scale(-1.0))
}

/// z = x·y: dz/dx = y, dz/dy = x. Multiplication swaps.
fn mul<V: Number>(x: V, y: V) -> Rule<V> {
    (x.clone() * y.clone(), V::times(y), V::times(x))
}

/// z = x/y: dz/dx = 1/y, dz/dy = −x/y² = −z/y.
fn div<V: Number>(x: V, y: V) -> Rule<V> {
    let z = x / y.clone();
    (z.clone(), V::times(V::from(1.0) / y.clone()), V::times(-z / y))
}

/// z = f(x, y), entry by entry; `f` gives z, dz/dx and dz/dy.
fn entrywise<V: Number>(f: impl Fn(f64, f64) -> [f64; 3]) -> impl Fn(V, V) -> Rule<V> {
    move |x, y| {
        let [z, dx, dy] = x.zip_with_slopes(&y, &f);
        (z, V::times(dx), V::times(dy))
    }
}

/// z = xʸ: dz/dx = y xʸ⁻¹, dz/dy = z ln x, which is 0 where z is.
fn power(x: f64, y: f64) -> [f64; 3] {
    let (z, dx) = Powf { exponent: y }.f_df(x);
    [z, dx, if z == 0.0 { 0.0 } else { z * x.ln() }]
}

/// z = max(x, y): dz/dx = 1, dz/dy = 0 where x ≥ y, else the reverse. Max routes.
fn greater(x: f64, y: f64) -> [f64; 3] {
    if x >= y {
        [x, 1.0, 0.0]
    } else if x < y {
        [y, 0.0, 1.0]
    } else {
        [f64::NAN; 3] // which f64::max would swallow
    }
}

/// z = min(x, y) = −max(−x, −y), with the same slopes.
fn less(x: f64, y: f64) -> [f64; 3] {
    let [z, dx, dy] = greater(-x, -y);
    [-z, dx, dy]
}

/// Records one rule, for `Var ∘ Var`, `Var ∘ f64` and `f64 ∘ Var`. The derivative with respect to a
/// plain number has nowhere to go; the tape notes the number instead.
#[track_caller]
#[inline(always)]
fn record<'t, V: Number>(
    name: &'static str,
    rule: impl Fn(V, V) -> Rule<V>,
    x: impl Into<Operand<'t, V>>,
    y: impl Into<Operand<'t, V>>,
) -> Var<'t, V> {
    match (x.into(), y.into()) {
        (Operand::Var(x), Operand::Var(y)) => {
            x.tape().assert_own(name, &[y]);
            let (x, y) = V::aligned(x, y);
            let (x_value, y_value) = x.values(y);
            let (z, dx, dy) = rule(x_value, y_value);
            x.tape().record(name, z, [(x, dx), (y, dy)])
        }
        (Operand::Var(x), Operand::Number(y)) => {
            let (z, dx, _) = rule(x.value(), y.into());
            x.tape().record(name, z, [(x, dx)]).with_constant(1, y)
        }
        (Operand::Number(x), Operand::Var(y)) => {
            let (z, _, dy) = rule(x.into(), y.value());
            y.tape().record(name, z, [(y, dy)]).with_constant(0, x)
        }
        (Operand::Number(x), Operand::Number(y)) => mistake(
            &format!("`{name}` of two plain numbers has no tape to be recorded on"),
            &[format!("the operands are {x} and {y}")],
            "only what depends on a variable has a gradient",
            "make one of them a variable, or use the function of f64: powf, max, min",
        ),
    }
}

macro_rules! operator {
    ($Trait:ident, $rule:ident) => {
        impl<'t, V: Number> $Trait for Var<'t, V> {
            type Output = Self;
            #[track_caller]
            #[inline(always)]
            fn $rule(self, y: Self) -> Self {
                record(stringify!($rule), $rule, self, y)
            }
        }

        impl<'t, V: Number> $Trait<f64> for Var<'t, V> {
            type Output = Self;
            #[track_caller]
            #[inline(always)]
            fn $rule(self, y: f64) -> Self {
                record(stringify!($rule), $rule, self, y)
            }
        }

        impl<'t, V: Number> $Trait<Var<'t, V>> for f64 {
            type Output = Var<'t, V>;
            #[track_caller]
            #[inline(always)]
            fn $rule(self, y: Var<'t, V>) -> Var<'t, V> {
                record(stringify!($rule), $rule, self, y)
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
            record(stringify!($name), entrywise($f), x, y)
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
    max: greater
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
    min: less
}

impl<V: Number> Neg for Var<'_, V> {
    type Output = Self;
    /// y = −x: dy/dx = −1.
    #[track_caller]
    fn neg(self) -> Self {
        self.tape().record("neg", -self.value(), [(self, V::scale(-1.0))])
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
        let y = self.tape().record(f.name(), y, [(self, V::times(slope))]);
        match f.parameter() {
            Some(parameter) => y.with_constant(1, parameter),
            None => y,
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
