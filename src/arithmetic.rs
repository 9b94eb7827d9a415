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

/// One operand of a two-sided operation.
enum Operand<'t, V: Value> {
    Var(Var<'t, V>),
    Number(f64),
}

/// Records `name`. The rule gives the value and the two local derivatives; where an operand is a
/// plain number, its derivative has nowhere to go and the tape notes the number instead.
#[track_caller]
fn record<'t, V: Number>(
    name: &'static str,
    x: Operand<'t, V>,
    y: Operand<'t, V>,
    rule: impl FnOnce(V, V) -> (V, V::Local, V::Local),
) -> Var<'t, V> {
    match (x, y) {
        (Operand::Var(x), Operand::Var(y)) => {
            let (x, y) = V::aligned(x, y);
            let (value, dx, dy) = rule(x.value(), y.value());
            x.tape().record(name, value, [(x, dx), (y, dy)])
        }
        (Operand::Var(x), Operand::Number(c)) => {
            let (value, dx, _) = rule(x.value(), c.into());
            x.tape().record(name, value, [(x, dx)]).with_constant(1, c)
        }
        (Operand::Number(c), Operand::Var(y)) => {
            let (value, _, dy) = rule(c.into(), y.value());
            y.tape().record(name, value, [(y, dy)]).with_constant(0, c)
        }
        (Operand::Number(_), Operand::Number(_)) => unreachable!("two numbers record nothing"),
    }
}

/// One rule, for `Var ∘ Var`, `Var ∘ f64` and `f64 ∘ Var`.
macro_rules! operator {
    ($Trait:ident, $method:ident, $rule:expr) => {
        impl<'t, V: Number> $Trait for Var<'t, V> {
            type Output = Self;
            #[track_caller]
            fn $method(self, y: Self) -> Self {
                record(stringify!($method), Operand::Var(self), Operand::Var(y), $rule)
            }
        }
        impl<'t, V: Number> $Trait<f64> for Var<'t, V> {
            type Output = Self;
            #[track_caller]
            fn $method(self, c: f64) -> Self {
                record(stringify!($method), Operand::Var(self), Operand::Number(c), $rule)
            }
        }
        impl<'t, V: Number> $Trait<Var<'t, V>> for f64 {
            type Output = Var<'t, V>;
            #[track_caller]
            fn $method(self, y: Var<'t, V>) -> Var<'t, V> {
                record(stringify!($method), Operand::Number(self), Operand::Var(y), $rule)
            }
        }
    };
}

// z = x + y: dz/dx = 1, dz/dy = 1 (addition distributes)
operator!(Add, add, |x, y| (x + y, V::scale(1.0), V::scale(1.0)));

// z = x − y: dz/dx = 1, dz/dy = −1
operator!(Sub, sub, |x, y| (x - y, V::scale(1.0), V::scale(-1.0)));

// z = x·y: dz/dx = y, dz/dy = x (multiplication swaps)
operator!(Mul, mul, |x, y| (x.clone() * y.clone(), V::times(y), V::times(x)));

// z = x/y: dz/dx = 1/y, dz/dy = −x/y² = −z/y
operator!(Div, div, |x, y| {
    let z = x / y.clone();
    (z.clone(), V::times(V::from(1.0) / y.clone()), V::times(-z / y))
});

impl<V: Number> Neg for Var<'_, V> {
    type Output = Self;
    // y = −x: dy/dx = −1
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
