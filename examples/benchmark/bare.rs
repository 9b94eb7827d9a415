//! A safe tape that does the least, to compare with: its nodes have no value, no name and no line.

use std::cell::RefCell;
use std::ops::{Add, Mul, Neg, Sub};

use chainrule::activation::{Activation, Functions};

use crate::work::Number;

#[derive(Default)]
pub struct Tape(RefCell<Vec<Node>>);

struct Node {
    inputs: [u32; 2],
    locals: [f64; 2],
}

#[derive(Clone, Copy)]
pub struct Var<'t> {
    tape: &'t Tape,
    pub index: u32,
    value: f64,
}

impl Tape {
    pub fn clear(&mut self) {
        self.0.get_mut().clear();
    }
    pub fn var(&self, value: f64) -> Var<'_> {
        self.record(value, [0; 2], [0.0; 2])
    }
    #[inline(always)]
    fn record(&self, value: f64, inputs: [u32; 2], locals: [f64; 2]) -> Var<'_> {
        let mut nodes = self.0.borrow_mut();
        let index = nodes.len() as u32;
        nodes.push(Node { inputs, locals });
        Var { tape: self, index, value }
    }
}

impl<'t> Var<'t> {
    #[inline(always)]
    fn record(self, value: f64, slope: f64) -> Var<'t> {
        self.tape.record(value, [self.index; 2], [slope, 0.0])
    }
    /// The gradients with respect to all nodes, in a list that is used again.
    pub fn backward(self, gradients: &mut Vec<f64>) {
        let nodes = self.tape.0.borrow();
        gradients.clear();
        gradients.resize(nodes.len(), 0.0);
        gradients[self.index as usize] = 1.0;
        for (k, Node { inputs, locals }) in nodes.iter().enumerate().rev() {
            let upstream = gradients[k];
            gradients[inputs[0] as usize] += locals[0] * upstream;
            gradients[inputs[1] as usize] += locals[1] * upstream;
        }
    }
}

macro_rules! operators {
    ($($Op:ident $op:ident($x:ident, $y:ident: $Y:ty) = $recorded:expr;)*) => {$(
        impl<'t> $Op<$Y> for Var<'t> {
            type Output = Var<'t>;
            #[inline(always)]
            fn $op(self, $y: $Y) -> Var<'t> {
                let ($x, tape) = (self, self.tape);
                let (value, [x_slope, y_slope], y_index) = $recorded;
                tape.record(value, [$x.index, y_index], [x_slope, y_slope])
            }
        }
    )*};
}
operators! {
    Add add(x, y: Var<'t>) = (x.value + y.value, [1.0, 1.0], y.index);
    Sub sub(x, y: Var<'t>) = (x.value - y.value, [1.0, -1.0], y.index);
    Mul mul(x, y: Var<'t>) = (x.value * y.value, [y.value, x.value], y.index);
    Add add(x, c: f64) = (x.value + c, [1.0, 0.0], x.index);
    Mul mul(x, c: f64) = (x.value * c, [c, 0.0], x.index);
}

impl Neg for Var<'_> {
    type Output = Self;
    fn neg(self) -> Self {
        self.record(-self.value, -1.0)
    }
}
impl Functions for Var<'_> {
    #[inline(always)]
    fn apply(self, f: impl Activation) -> Self {
        let (y, slope) = f.f_df(self.value);
        self.record(y, slope)
    }
}
impl Number for Var<'_> {
    fn subtracted_from(self, c: f64) -> Self {
        self.record(c - self.value, -1.0)
    }
    fn dividing(self, c: f64) -> Self {
        let y = c / self.value;
        self.record(y, -y / self.value)
    }
}
