//! [`Local`]: the linear maps that carry a gradient back along an edge on a tape of matrices.

use std::fmt;
use std::sync::Arc;

use super::value::{Tensor, possible};

/// A local derivative on a tape of matrices: a linear map from the gradient G of the output to the
/// contribution to the gradient of one input.
#[derive(Clone)]
pub enum Local {
    /// `c G`, as for `y = c x`.
    Scale(f64),
    /// `D ⊙ G`, entry by entry, as for `y = f(x)` with `D = f′(x)`.
    Elementwise(Tensor),
    /// `G Bᵀ`, as for A in `A·B`; holds B.
    MatmulRight(Tensor),
    /// `Aᵀ G`, as for B in `A·B`; holds A.
    MatmulLeft(Tensor),
    /// `A ⊙ (G − Σ A ⊙ G)`, the sum over each column, as for the [`softmax`](Tensor::softmax); holds
    /// its A.
    Softmax(Tensor),
    /// `Gᵀ`, as for `y = xᵀ`.
    Transpose,
    /// Adds up what was repeated when an input of this shape was broadcast.
    SumTo(usize, usize),
    /// Repeats what was summed, to the shape of the input.
    SpreadTo(usize, usize),
    /// A map of your own: see [`Local::custom`].
    Custom(Custom),
}

/// The map inside [`Local::Custom`].
pub type Custom = Arc<dyn Fn(&Tensor) -> Tensor + Send + Sync>;

impl Local {
    /// A linear map of your own, from the gradient of the output (of the output's shape) to the
    /// contribution to the input's gradient (of the input's shape).
    ///
    /// ```
    /// use chainrule::tensor::{Local, Tape, Tensor};
    ///
    /// // y = the rows of x in reverse order; the gradient's rows are put back the same way.
    /// fn reversed(x: &Tensor) -> Tensor {
    ///     let (rows, columns) = x.shape();
    ///     let entry = |k: usize| x.get(rows - 1 - k / columns, k % columns);
    ///     Tensor::new(rows, columns, (0..rows * columns).map(entry).collect())
    /// }
    ///
    /// let tape = Tape::new();
    /// let x = tape.var(Tensor::new(2, 1, vec![1.0, 2.0]));
    /// let y = tape.record("reverse", reversed(&x.value()), [(x, Local::custom(reversed))]);
    /// let loss = (y * tape.constant(Tensor::new(2, 1, vec![10.0, 1.0]))).sum();
    /// assert_eq!(loss.backward().wrt(x).to_vec(), [1.0, 10.0]);
    /// ```
    pub fn custom(map: impl Fn(&Tensor) -> Tensor + Send + Sync + 'static) -> Local {
        Local::Custom(Arc::new(map))
    }

    /// Whether the shapes are right for [`carry_back`](Local::carry_back).
    pub(super) fn accepts(&self, upstream: &Tensor) -> bool {
        let (rows, columns) = upstream.shape();
        match self {
            Local::Elementwise(d) => {
                let broadcast = |x: &Tensor, y: &Tensor| x.broadcast(y.shape()).is_some();
                d.shape() == (rows, columns) || broadcast(d, upstream) || broadcast(upstream, d)
            }
            Local::MatmulRight(b) => columns == b.shape().1 && possible(rows, b.shape().0),
            Local::MatmulLeft(a) => rows == a.shape().0 && possible(a.shape().1, columns),
            Local::Softmax(a) => a.shape() == upstream.shape(),
            _ => true,
        }
    }

    /// The contribution for the gradient `upstream` of the output.
    #[track_caller]
    pub fn carry_back(&self, upstream: &Tensor) -> Tensor {
        match self {
            Local::Scale(1.0) => upstream.clone(),
            Local::Scale(c) => upstream * *c,
            Local::Elementwise(d) => d * upstream,
            Local::MatmulRight(b) => upstream.matmul(&b.t()),
            Local::MatmulLeft(a) => a.t().matmul(upstream),
            Local::Softmax(a) => a * &(upstream - (a * upstream).sum_rows()),
            Local::Transpose => upstream.t(),
            Local::SumTo(rows, columns) => sum_to(upstream, (*rows, *columns)),
            Local::SpreadTo(rows, columns) => {
                upstream.broadcast((*rows, *columns)).unwrap_or_else(|| upstream.clone())
            }
            Local::Custom(map) => map(upstream),
        }
    }
}

impl From<f64> for Local {
    /// `c G`.
    fn from(c: f64) -> Local {
        Local::Scale(c)
    }
}

/// Adds up the rows, the columns or both, until the shape is `shape`.
#[track_caller]
fn sum_to(upstream: &Tensor, shape: (usize, usize)) -> Tensor {
    if shape == upstream.shape() {
        return upstream.clone();
    }
    match shape {
        (1, 1) => upstream.sum().into(),
        (1, _) => upstream.sum_rows(),
        _ => upstream.sum_columns(),
    }
}

impl fmt::Display for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Local::Scale(c) => write!(f, "{c}"),
            Local::Elementwise(d) => write!(f, "D {:?}", d.shape()),
            Local::MatmulRight(b) => write!(f, "G Bt, B {:?}", b.shape()),
            Local::MatmulLeft(a) => write!(f, "At G, A {:?}", a.shape()),
            Local::Softmax(a) => write!(f, "softmax, A {:?}", a.shape()),
            Local::Transpose => write!(f, "transpose"),
            Local::SumTo(rows, columns) => write!(f, "sum to {:?}", (rows, columns)),
            Local::SpreadTo(rows, columns) => write!(f, "spread {:?}", (rows, columns)),
            Local::Custom(_) => write!(f, "custom"),
        }
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Local({self})")
    }
}
