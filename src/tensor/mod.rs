//! A tape of matrices.
//!
//! Taught in `docs/06_matrices.md`, `docs/07_architecture.md`, `docs/11_propagate.md`.
//!
//! ```
//! use chainrule::tensor::{Tape, Tensor};
//!
//! let tape = Tape::new();
//! let w = tape.var(Tensor::new(2, 1, vec![1.0, -2.0]));
//! let x = tape.constant(Tensor::from_rows(&[[1.0, 2.0, 3.0], [0.5, 0.0, 1.0]]));
//! let cost = w.t().matmul(x).sigmoid().mean();
//! assert_eq!(cost.backward().wrt(w).shape(), (2, 1)); // the shape of w
//! ```

pub(crate) mod kernels;
mod local;
mod value;

pub use local::{Custom, Local};
pub(crate) use value::Compact;
pub use value::Tensor;

use crate::activation::Activation;
use crate::arithmetic::Number;
use crate::tape::{self, NO_SLOPES, Operation, Value};

/// A tape of matrices.
pub type Tape = tape::Tape<Tensor>;
/// A matrix on a tape.
pub type Var<'t> = tape::Var<'t, Tensor>;
/// Gradients of a 1×1 matrix with respect to matrices.
pub type Gradients = tape::Gradients<Tensor>;

impl Value for Tensor {
    type Local = Local;
    fn shape(&self) -> (usize, usize) {
        self.shape()
    }
    fn like(&self, entry: f64) -> Tensor {
        Tensor::filled(self.shape().0, self.shape().1, entry)
    }
    fn nothing() -> Tensor {
        Tensor::none()
    }
    fn is_nothing(&self) -> bool {
        self.is_none()
    }
    #[track_caller]
    fn carry_back(local: &Local, upstream: &Tensor) -> Tensor {
        local.carry_back(upstream)
    }
    fn accepts(local: &Local, upstream: &Tensor) -> bool {
        local.accepts(upstream)
    }
    #[track_caller]
    fn accumulate(&mut self, contribution: Tensor) {
        self.add_assign(&contribution);
    }
}

impl Number for Tensor {
    fn times(factor: Tensor) -> Local {
        Local::Elementwise(factor)
    }
    fn map_with_slope<A: Activation>(&self, f: &A) -> (Tensor, Tensor) {
        self.map_with_slope(f)
    }
    #[track_caller]
    fn zip(x: &Tensor, y: &Tensor, z: &Tensor, f: impl Fn(f64, f64, f64) -> [f64; 3]) -> Tensor {
        let (x, y) = x.aligned(y);
        let (z, x) = z.aligned(&x);
        let (z, y) = z.aligned(&y);
        let entries = x.entries().zip(y.entries()).zip(z.entries());
        let (rows, columns) = x.shape();
        Tensor::new(rows, columns, entries.map(|((x, y), z)| f(x, y, z)[0]).collect())
    }
    #[track_caller]
    fn aligned<'t>(x: Var<'t>, y: Var<'t>) -> (Var<'t>, Var<'t>) {
        if x.shape() == y.shape() {
            return (x, y);
        }
        let (wide_x, wide_y) = x.value().aligned(&y.value());
        (broadcast(x, wide_x), broadcast(y, wide_y))
    }
}

/// Records that `x` was repeated to make `wide`: its gradient is the sum over the repetitions.
#[track_caller]
fn broadcast<'t>(x: Var<'t>, wide: Tensor) -> Var<'t> {
    let (rows, columns) = x.shape();
    if (rows, columns) == wide.shape() {
        return x;
    }
    x.linear("broadcast", wide, Local::SumTo(rows, columns))
}

impl<'t> Var<'t> {
    /// Records an operation of this matrix alone, with its linear map back.
    #[track_caller]
    fn linear(self, name: &'static str, value: Tensor, local: Local) -> Var<'t> {
        self.tape().record(Operation::ours(name, NO_SLOPES), value, [(self, local)])
    }

    /// `C = A·B`, the matrix product (n, k) · (k, m) = (n, m); `dA = dC Bᵀ`, `dB = Aᵀ dC`.
    ///
    /// ```
    /// use chainrule::tensor::{Tape, Tensor};
    /// let tape = Tape::new();
    /// let a = tape.var(Tensor::from_rows(&[[1.0, 2.0]]));
    /// let b = tape.var(Tensor::from_rows(&[[3.0], [4.0]]));
    /// let c = a.matmul(b);
    /// assert_eq!(c.value().to_vec(), [11.0]);
    /// assert_eq!(c.backward().wrt(a).to_vec(), [3.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// If the inner sizes differ.
    #[track_caller]
    pub fn matmul(self, right: Var<'t>) -> Var<'t> {
        self.tape().assert_own("matmul", &[right]);
        let (a, b) = (self.value(), right.value());
        let edges = [(self, Local::MatmulRight(b.clone())), (right, Local::MatmulLeft(a.clone()))];
        self.tape().record(Operation::ours("matmul", NO_SLOPES), a.matmul(&b), edges)
    }

    /// The transpose: (n, m) becomes (m, n), and so does its gradient. Copies nothing.
    #[track_caller]
    pub fn t(self) -> Var<'t> {
        self.linear("t", self.value().t(), Local::Transpose)
    }

    /// `y = Σ xᵢⱼ`, (n, m) becomes (1, 1); every entry has slope 1.
    #[track_caller]
    pub fn sum(self) -> Var<'t> {
        let (rows, columns) = self.shape();
        self.linear("sum", self.value().sum().into(), Local::SpreadTo(rows, columns))
    }

    /// The rows added together: (n, m) becomes (1, m).
    #[track_caller]
    pub fn sum_rows(self) -> Var<'t> {
        let (rows, columns) = self.shape();
        self.linear("sum_rows", self.value().sum_rows(), Local::SpreadTo(rows, columns))
    }

    /// The columns added together: (n, m) becomes (n, 1).
    #[track_caller]
    pub fn sum_columns(self) -> Var<'t> {
        let (rows, columns) = self.shape();
        self.linear("sum_columns", self.value().sum_columns(), Local::SpreadTo(rows, columns))
    }

    /// `y = ln Σ e^z` of each column, (k, m) becomes (1, m); the slopes are the column's
    /// [`softmax`](Tensor::softmax). Finite wherever z is, as the largest z is taken out.
    ///
    /// ```
    /// use chainrule::tensor::{Tape, Tensor};
    /// let tape = Tape::new();
    /// let z = tape.var(Tensor::new(2, 1, vec![-1e4, -1e4]));
    /// let y = z.log_sum_exp(); // ln (2 e^-10000)
    /// assert_eq!(y.value().get(0, 0), -1e4 + 2f64.ln());
    /// assert_eq!(y.backward().wrt(z).to_vec(), [0.5, 0.5]);
    /// ```
    #[track_caller]
    pub fn log_sum_exp(self) -> Var<'t> {
        let (logs, shares) = self.value().log_sum_exp();
        self.linear("log_sum_exp", logs, Local::Elementwise(shares))
    }

    /// `aᵢ = e^zᵢ / Σ e^z` in each column, as [`Tensor::softmax`]. Each a depends on all z of its
    /// column: `∂aᵢ/∂zₗ = aᵢ (1 − aᵢ)` for l = i, else `−aᵢ aₗ`.
    #[track_caller]
    pub fn softmax(self) -> Var<'t> {
        let a = self.value().softmax();
        self.linear("softmax", a.clone(), Local::Softmax(a))
    }

    /// `y = (1/nm) Σ xᵢⱼ`: [`sum`](Var::sum), then a division by the number of entries. The mean
    /// of no entries is NaN.
    #[track_caller]
    pub fn mean(self) -> Var<'t> {
        let (rows, columns) = self.shape();
        self.sum() / (rows * columns) as f64
    }
}
