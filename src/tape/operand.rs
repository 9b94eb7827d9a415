//! What an operation is applied to.

use super::{Recording, Value, Var};

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

impl<V: Value + From<f64>> Operand<'_, V> {
    /// The value, read from the recording that holds it.
    #[inline(always)]
    pub(crate) fn value(&self, recording: &Recording<V>) -> V {
        match self {
            // Never nothing. But if this could panic, a loop would keep its sum in memory: 1 ns.
            Operand::Var(x) => {
                recording.nodes.get(x.index()).map_or(V::nothing(), |node| node.value.clone())
            }
            Operand::Number(number) => (*number).into(),
        }
    }
}
