//! A tape of numbers.
//!
//! Taught in `docs/02_by_hand.md`, `docs/03_tape.md`.
//!
//! ```
//! use chainrule::scalar::Tape;
//!
//! let tape = Tape::new();
//! let (w, b) = (tape.var(2.0).named("w"), tape.var(-1.0).named("b"));
//! let a = (w * 3.0 + b).sigmoid();
//! let gradients = a.backward();
//! assert_eq!(gradients.wrt(w), 3.0 * gradients.wrt(b));
//! ```

use std::borrow::Borrow;

use crate::activation::Activation;
use crate::arithmetic::{Number, Operand};
use crate::error::mistake;
use crate::tape::{self, NO_SLOPES, Operation, Value};

/// A tape of numbers.
pub type Tape = tape::Tape<f64>;
/// A number on a tape.
pub type Var<'t> = tape::Var<'t, f64>;
/// Gradients of a number with respect to numbers.
pub type Gradients = tape::Gradients<f64>;

impl Value for f64 {
    /// The local derivative is a number, and to carry back is to multiply.
    type Local = f64;
    fn like(&self, entry: f64) -> f64 {
        entry
    }
    /// A signalling NaN: arithmetic makes quiet ones, also of this one.
    fn nothing() -> f64 {
        f64::from_bits(0x7ff0_0000_dead_beef)
    }
    fn is_nothing(&self) -> bool {
        self.to_bits() == f64::nothing().to_bits()
    }
    fn carry_back(local: &f64, upstream: &f64) -> f64 {
        local * upstream
    }
    fn accumulate(&mut self, contribution: f64) {
        *self += contribution;
    }
}

impl Number for f64 {
    const COSTLY: bool = false;
    fn times(factor: f64) -> f64 {
        factor
    }
    fn map_with_slope<A: Activation>(&self, f: &A) -> (f64, f64) {
        f.f_df(*self)
    }
    fn zip(x: &f64, y: &f64, z: &f64, f: impl Fn(f64, f64, f64) -> [f64; 3]) -> f64 {
        f(*x, *y, *z)[0]
    }
}

/// For any number whose local derivative is one of its kind.
impl<V: Number<Local = V>> tape::Tape<V> {
    /// `y = Σ xᵢ`, one node; slope 1 for each. The sum of nothing is 0.
    ///
    /// ```
    /// use chainrule::scalar::Tape;
    /// let tape = Tape::new();
    /// let x = [tape.var(1.0), tape.var(2.0)];
    /// let y = tape.sum(x);
    /// assert_eq!((y.value(), y.backward().wrt(x[1])), (3.0, 1.0));
    /// ```
    #[track_caller]
    pub fn sum<'t>(
        &'t self,
        vars: impl IntoIterator<Item: Borrow<tape::Var<'t, V>>>,
    ) -> tape::Var<'t, V> {
        let vars: Vec<tape::Var<V>> = vars.into_iter().map(|var| *var.borrow()).collect();
        self.assert_own("sum", &vars);
        let value = vars.iter().fold(V::from(0.0), |sum, x| sum + &x.value());
        let edges = vars.into_iter().map(|x| (x, 1.0.into()));
        self.record(Operation::ours("sum", ["1", "1"]), value, edges)
    }

    /// `y = Σ wᵢ xᵢ`, one node: a neuron without its bias. `dy/dwᵢ = xᵢ`, `dy/dxᵢ = wᵢ`.
    ///
    /// `x` may hold variables or plain numbers. With nothing in both, y = 0.
    ///
    /// ```
    /// use chainrule::scalar::Tape;
    /// let tape = Tape::new();
    /// let w = [tape.var(1.0), tape.var(2.0)];
    /// let y = tape.dot(&w, &[3.0, 4.0]);
    /// assert_eq!((y.value(), y.backward().wrt(w[1])), (11.0, 4.0));
    /// ```
    ///
    /// # Panics
    /// If the lengths differ.
    #[track_caller]
    pub fn dot<'t, X>(&'t self, w: &[tape::Var<'t, V>], x: &[X]) -> tape::Var<'t, V>
    where
        X: Into<Operand<'t, V>> + Copy,
    {
        if w.len() != x.len() {
            // (`record` refuses another tape, too, but two tapes are told before two lengths.)
            self.assert_own("dot", w);
            for x in x {
                if let Operand::Var(x) = (*x).into() {
                    self.assert_own("dot", &[x]);
                }
            }
            mistake(
                "dot needs as many weights as inputs",
                &[format!("w has {} entries, x has {}", w.len(), x.len())],
                "the dot product multiplies the factors in pairs",
                "give both the same length",
            )
        }
        // Values are read where they are needed, and not listed: a list costs 4 ns per factor.
        let (a, b, c) = (self.read(), self.read(), self.read());
        let value = |x: Operand<'t, V>| x.value(&a);
        let products = w.iter().zip(x).map(|(&w, &x)| value(w.into()) * &value(x.into()));
        let value = products.fold(V::from(0.0), |sum, product| sum + &product);
        drop(a);
        let to_w = w.iter().zip(x).map(move |(&w, &x)| (Operand::Var(w), x.into().value(&b)));
        let to_x = x.iter().zip(w).map(move |(&x, &w)| match x.into() {
            Operand::Number(x) => (Operand::Number(x), 0.0.into()),
            x => (x, Operand::Var(w).value(&c)),
        });
        self.record(Operation::ours("dot", NO_SLOPES), value, to_w.chain(to_x))
    }
}
