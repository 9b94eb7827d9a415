//! How a gradient goes back through each operation on matrices, held against a tape of numbers.

use std::io::{self, Write};
use std::process::ExitCode;

use chainrule::check::verdict;
use chainrule::tensor::{Local, Tape, Tensor, Var};
use chainrule::trace::Trace;
use chainrule::{program, scalar, view};

fn main() -> ExitCode {
    program::lesson(run)
}

const A: [[f64; 3]; 2] = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
const B: [[f64; 4]; 3] = [[1.0, 2.0, -1.0, 3.0], [2.0, -1.0, 1.0, 1.0], [-1.0, 1.0, 2.0, -2.0]];
/// A column, added to each column of A.
const C: [[f64; 1]; 2] = [[10.0], [20.0]];

/// The gradient of L with respect to a result, row by row: as many of these as it has entries.
const G: [f64; 8] = [1.0, 2.0, -1.0, 0.0, 3.0, 1.0, -2.0, 1.0];

/// Logistic regression: two features of three examples, one per column; their labels; the weights.
const X: [[f64; 3]; 2] = [[1.0, -2.0, -1.0], [3.0, 0.5, -3.2]];
const Y: [[f64; 3]; 1] = [[1.0, 1.0, 0.0]];
const W: [[f64; 1]; 2] = [[1.0], [2.0]];

/// A matrix on a tape of numbers: a variable for each entry.
type Grid<'t> = Vec<Vec<scalar::Var<'t>>>;

/// An operation on one matrix, written twice: for the matrix as a whole, and for its entries.
pub struct Operation {
    result: &'static str,
    rule: &'static str,
    at: Tensor,
    whole: for<'t> fn(Var<'t>) -> Var<'t>,
    entries: for<'t> fn(&Grid<'t>) -> Grid<'t>,
}

pub fn operations() -> [Operation; 7] {
    let [a, b, c] = [Tensor::from_rows(&A), Tensor::from_rows(&B), Tensor::from_rows(&C)];
    [
        Operation {
            result: "3 A",
            rule: "dA = 3 G",
            at: a.clone(),
            whole: |a| a * 3.0,
            entries: |a| grid(2, 3, |i, j| a[i][j] * 3.0),
        },
        Operation {
            result: "A ⊙ A",
            rule: "dA = 2A ⊙ G",
            at: a.clone(),
            whole: |a| a.powi(2),
            entries: |a| grid(2, 3, |i, j| a[i][j].powi(2)),
        },
        Operation {
            result: "A B",
            rule: "dA = G Bᵀ",
            at: a.clone(),
            whole: |a| a.matmul(a.tape().constant(Tensor::from_rows(&B))),
            entries: |a| {
                grid(2, 4, |i, j| a[i][0] * B[0][j] + a[i][1] * B[1][j] + a[i][2] * B[2][j])
            },
        },
        Operation {
            result: "A B",
            rule: "dB = Aᵀ G",
            at: b,
            whole: |b| b.tape().constant(Tensor::from_rows(&A)).matmul(b),
            entries: |b| {
                grid(2, 4, |i, j| A[i][0] * b[0][j] + A[i][1] * b[1][j] + A[i][2] * b[2][j])
            },
        },
        Operation {
            result: "Aᵀ",
            rule: "dA = Gᵀ",
            at: a.clone(),
            whole: |a| a.t(),
            entries: |a| grid(3, 2, |i, j| a[j][i]),
        },
        Operation {
            result: "row sums",
            rule: "spread G",
            at: a,
            whole: |a| a.sum_columns(),
            entries: |a| grid(2, 1, |i, _| a[i][0] + a[i][1] + a[i][2]),
        },
        Operation {
            result: "A + c",
            rule: "sum G",
            at: c,
            whole: |c| c + c.tape().constant(Tensor::from_rows(&A)),
            entries: |c| grid(2, 3, |i, j| c[i][0] + A[i][j]),
        },
    ]
}

fn grid<'t>(
    rows: usize,
    columns: usize,
    entry: impl Fn(usize, usize) -> scalar::Var<'t>,
) -> Grid<'t> {
    (0..rows).map(|i| (0..columns).map(|j| entry(i, j)).collect()).collect()
}

impl Operation {
    /// The gradient of L = Σ gᵢⱼ yᵢⱼ, where y is the result, by the rule; and G.
    pub fn by_rule(&self) -> (Tensor, Tensor) {
        let tape = Tape::new();
        let x = tape.var(self.at.clone());
        let y = (self.whole)(x);
        let (rows, columns) = y.shape();
        let g = Tensor::new(rows, columns, G[..rows * columns].to_vec());
        ((y * tape.constant(g.clone())).sum().backward().wrt(x), g)
    }

    /// A row for each entry of the result: its slopes with respect to all entries of the input.
    pub fn jacobian(&self) -> Tensor {
        let tape = scalar::Tape::new();
        let (rows, columns) = self.at.shape();
        let x = grid(rows, columns, |i, j| tape.var(self.at.get(i, j)));
        let slopes = |y: &scalar::Var| -> Vec<f64> {
            let gradients = y.backward();
            x.concat().iter().map(|&x| gradients.wrt(x)).collect()
        };
        Tensor::from_rows(&(self.entries)(&x).concat().iter().map(slopes).collect::<Vec<_>>())
    }
}

/// Writes the lesson's output to `out`.
pub fn run(out: &mut impl Write) -> io::Result<()> {
    let [a, b, c] = [Tensor::from_rows(&A), Tensor::from_rows(&B), Tensor::from_rows(&C)];
    writeln!(out, "A = {}  B = {}  c = {}", text(&a), text(&b), text(&c))?;
    writeln!(out, "G has the shape of the result; row by row it begins {}\n", text(&row(&G)))?;
    writeln!(out, "  result    Jacobian  rule         verdict and gradient")?;
    for operation in operations() {
        let ((gradient, g), jacobian) = (operation.by_rule(), operation.jacobian());
        let by_numbers = row(&g.to_vec()).matmul(&jacobian);
        let agree = verdict(gradient.to_vec() == by_numbers.to_vec());
        let (Operation { result, rule, .. }, (rows, columns)) = (operation, jacobian.shape());
        let gradient = text(&gradient);
        writeln!(out, "  {result:<8}  {rows} x {columns:<4}  {rule:<11}  {agree}  {gradient}")?;
    }
    writeln!(out, "AGREE: G, as one row, times the Jacobian gives the same numbers.")?;

    writeln!(out, "\nBack from cost = -mean(ln P), with P = σ(S ⊙ Z) and Z = wᵀX + b:")?;
    let trace = logistic_regression();
    for step in trace.steps() {
        let (name, rule) = (trace.nodes[step.node].operation.name, rule(&step.local));
        let (input, (rows, columns)) = (trace.label(step.input), step.product.shape());
        let gradient = text(&step.product);
        writeln!(out, "  {name:<9}  {rule:<6}  d{input:<3}  ({rows},{columns})  {gradient}")?;
    }
    let [x, y, w] = [Tensor::from_rows(&X), Tensor::from_rows(&Y), Tensor::from_rows(&W)];
    let a = (w.t().matmul(&x) + 1.5).map(|z| 1.0 / (1.0 + (-z).exp()));
    writeln!(out, "(1/m) X (A - Y)ᵀ, A = σ(Z):   {}", text(&(x.matmul(&(a - y).t()) / 3.0)))?;

    program::picture(out, "06_matrices.svg", &view::svg(&product()))?;
    writeln!(out, "\nTry:  in B, change 3.0 to 0.0: one entry of dA falls by 3, and dB stays.")?;
    writeln!(out, "Next: cargo run --example 07_architecture")
}

/// L = Σ gᵢⱼ cᵢⱼ for C = A B.
fn product() -> Trace {
    let tape = Tape::new();
    let a = tape.var(Tensor::from_rows(&A)).named("A");
    let b = tape.var(Tensor::from_rows(&B)).named("B");
    let c = a.matmul(b).named("C");
    let g = tape.constant(Tensor::new(2, 4, G.to_vec())).named("G");
    (g * c).sum().named("L").trace()
}

/// The cost of one node: P are the probabilities that it gives to the labels.
fn logistic_regression() -> Trace {
    let tape = Tape::new();
    let w = tape.var(Tensor::from_rows(&W)).named("w");
    let b = tape.var(1.5.into()).named("b");
    let x = tape.constant(Tensor::from_rows(&X)).named("X");
    let signs = tape.constant(Tensor::from_rows(&Y) * 2.0 - 1.0).named("S"); // 1 and -1

    let z = (w.t().matmul(x) + b).named("Z");
    let p = (signs * z).sigmoid().named("P");
    (-p.ln().mean()).named("cost").trace()
}

/// What an edge does with the gradient G that arrives at it.
fn rule(local: &Local) -> String {
    match local {
        Local::Scale(c) => format!("{c} G"),
        Local::Elementwise(_) => "D ⊙ G".into(),
        Local::MatmulRight(_) => "G Bᵀ".into(),
        Local::MatmulLeft(_) => "Aᵀ G".into(),
        Local::Transpose => "Gᵀ".into(),
        Local::SumTo(..) => "sum".into(),
        Local::SpreadTo(..) => "spread".into(),
        Local::Softmax(_) | Local::Custom(_) => local.to_string(), // later chapters
    }
}

fn row(entries: &[f64]) -> Tensor {
    Tensor::from_rows(&[entries])
}

/// Row by row, `[1 2; 3 4]`, to four decimals.
fn text(matrix: &Tensor) -> String {
    let (rows, columns) = matrix.shape();
    let entry = |i, j| ((matrix.get(i, j) * 1e4).round() / 1e4).to_string();
    let row = |i| (0..columns).map(|j| entry(i, j)).collect::<Vec<_>>().join(" ");
    format!("[{}]", (0..rows).map(row).collect::<Vec<_>>().join("; "))
}
