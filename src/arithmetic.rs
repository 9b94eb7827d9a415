//! `+ − × ÷` and elementwise functions: each rule once, for numbers and for matrices.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::activation::Activation;
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
    /// Both operands in one shape; what must be broadcast for that is recorded as a node.
    #[track_caller]
    fn aligned<'t>(x: Var<'t, Self>, y: Var<'t, Self>) -> (Var<'t, Self>, Var<'t, Self>) {
        (x, y)
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

/// One rule, for `Var ∘ Var`, `Var ∘ f64` and `f64 ∘ Var`. The derivative with respect to a plain
/// number has nowhere to go; the tape notes the number instead.
macro_rules! operator {
    ($Trait:ident, $rule:ident) => {
        impl<'t, V: Number> $Trait for Var<'t, V> {
            type Output = Self;
            #[track_caller]
            fn $rule(self, y: Self) -> Self {
                let (x, y) = V::aligned(self, y);
                let (x_value, y_value) = x.values(y);
                let (z, dx, dy) = $rule(x_value, y_value);
                x.tape().record(stringify!($rule), z, [(x, dx), (y, dy)])
            }
        }

        impl<'t, V: Number> $Trait<f64> for Var<'t, V> {
            type Output = Self;
            #[track_caller]
            fn $rule(self, y: f64) -> Self {
                let (z, dx, _) = $rule(self.value(), y.into());
                self.tape().record(stringify!($rule), z, [(self, dx)]).with_constant(1, y)
            }
        }

        impl<'t, V: Number> $Trait<Var<'t, V>> for f64 {
            type Output = Var<'t, V>;
            #[track_caller]
            fn $rule(self, y: Var<'t, V>) -> Var<'t, V> {
                let (z, _, dy) = $rule(self.into(), y.value());
                y.tape().record(stringify!($rule), z, [(y, dy)]).with_constant(0, self)
            }
        }
    };
}
operator!(Add, add);
operator!(Sub, sub);
operator!(Mul, mul);
operator!(Div, div);

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
}
