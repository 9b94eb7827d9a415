//! Sizes from 0 to `usize::MAX`, drawn at random, through every function that takes a size or a
//! matrix: what comes back is a value, an `Error`, or a panic that teaches at the caller's line.

use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::common::samples;
use chainrule::activation::{Sigmoid, Tanh};
use chainrule::data::{Examples, Standardizer};
use chainrule::logistic::{self, Options, closed_form};
use chainrule::network::{LayerGrads, Network, cross_entropy, glorot, squared_error};
use chainrule::tape::Value;
use chainrule::tensor::{Local, Tape, Tensor};

struct Draw(u64);

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % end
    }

    /// Mostly a small one. Two large ones never fit into a matrix.
    fn size(&mut self) -> usize {
        const LARGE: [usize; 5] = [1 << 16, 1 << 32, 1 << 40, usize::MAX / 2, usize::MAX];
        match self.below(20) {
            k @ 0..5 => LARGE[k],
            k => [0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 7, 17][k - 5],
        }
    }

    fn shape(&mut self) -> (usize, usize) {
        (self.size(), self.size())
    }

    /// A matrix in any layout: by rows, by columns, a part of a larger one, repeated.
    fn matrix(&mut self, (rows, columns): (usize, usize)) -> Tensor {
        let entries = rows.saturating_mul(columns);
        let numbers = |count: usize| (0..count).map(|k| (k * 7 % 5) as f64 - 2.0).collect();
        match self.below(4) {
            _ if entries > 1 << 20 => Tensor::filled(rows, columns, 0.5),
            0 => Tensor::new(rows, columns, numbers(entries)),
            1 => Tensor::new(columns, rows, numbers(entries)).t(),
            2 if entries > 0 => {
                let wide = Tensor::new(rows, columns + 2, numbers(entries + 2 * rows));
                wide.columns(1..columns + 1)
            }
            _ => Tensor::filled(rows, columns, 1.0),
        }
    }
}

/// Runs `work`, which may panic: then with a message that says what, why and what to try, and whose
/// arrow points here.
fn orderly<T>(what: &str, work: impl FnOnce() -> T) {
    let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(black_box(work())))) else { return };
    let message = panic.downcast_ref::<String>().cloned().unwrap_or_default();
    let here = message.contains(&format!("\n  --> {}:", file!()));
    let teaches = message.contains("\n why: ") && message.contains("\n try: ");
    assert!(here && teaches, "{what}: {message}");
}

/// Each expression by itself, under its own text.
macro_rules! each {
    ($case:expr; $($work:expr;)*) => {
        $(orderly(&format!("{} of {}", stringify!($work), $case), || $work);)*
    };
}

/// What a matrix or a pair of them can be asked.
fn matrices(draw: &mut Draw) {
    let (shape, i) = (draw.shape(), draw.size());
    let other = match draw.below(3) {
        0 => shape,
        1 => (shape.1, draw.size()),
        _ => draw.shape(),
    };
    each! { format!("{shape:?}, {other:?}, {i}");
        Tensor::zeros(shape.0, shape.1);
        Tensor::filled(shape.0, shape.1, f64::NAN);
        Tensor::new(shape.0, shape.1, vec![1.0; i.min(9)]);
        Network::new(shape.0).layer(shape.1, Tanh).layer(i, Sigmoid);
        logistic::initialize_with_zeros(i);
    }
    let mut both = None;
    orderly("making them", || both = Some((draw.matrix(shape), draw.matrix(other))));
    let Some((a, b)) = both else { return };
    each! { format!("{shape:?}, {other:?}, {i}");
        a.get(i, 0);
        a.get(i, i);
        a.to_vec();
        a.t();
        a.columns(i / 2..i);
        a.columns(0..i);
        a.map(f64::exp);
        a.matmul(&b);
        a.t().matmul(&b);
        a.matmul(&b.t());
        (a.sum(), a.sum_rows(), a.sum_columns());
        (&a + 1.0, 2.0 - &a, -&a);
        &a + &b;
        &a - &b;
        &a * &b;
        &a / &b;
        a == b;
        (a.to_string(), format!("{a:?}"));
        a.clone().accumulate(b.clone());
        a.like(1.0);
        logistic::sigmoid(&a);
        logistic::accuracy(&a, &b);
        Standardizer { means: a.clone(), deviations: b.clone() }.apply(&a);
        Standardizer { means: a.clone(), deviations: a.clone() }.apply(&b);
        Local::SumTo(i, 1).carry_back(&a);
        Local::SpreadTo(i, other.0).carry_back(&a);
        Local::MatmulRight(a.clone()).carry_back(&b);
        Local::MatmulLeft(a.clone()).carry_back(&b);
        Local::Elementwise(a.clone()).carry_back(&b);
    }
    let tape = Tape::new();
    let (x, y) = (tape.var(a), tape.var(b));
    each! { format!("{shape:?}, {other:?}, {i} on a tape");
        x.matmul(y).sum().backward().wrt(x);
        x.t().matmul(y).mean().backward().wrt(y);
        (x + y).sum().backward().wrt(x);
        (x - y).mean().backward().wrt(x);
        (x * y).sum().backward().wrt(y);
        (x / y).sum().backward().wrt(y);
        (x.sum_rows().sum().backward().wrt(x), x.sum_columns().mean().backward().wrt(x));
        x.max(y).sum().backward().wrt(x);
        x.pow(2.0).sum().backward().wrt(x);
        x.sigmoid().backward().wrt(x);
        (1.0 - x).sum().trace().nodes.len();
        tape.record("mine", x.value(), [(x, Local::SpreadTo(i, other.0))]).sum().backward();
        tape.record("mine", x.value(), [(x, Local::SumTo(i, 1))]).sum().backward();
        tape.record("mine", x.value(), [(x, Local::MatmulRight(y.value()))]).sum().backward();
        tape.record("mine", x.value(), [(x, Local::MatmulLeft(y.value()))]).sum().backward();
        tape.record("mine", x.value(), [(x, Local::Elementwise(y.value()))]).sum().backward();
    }
}

/// What trains. Sizes that fit each other are drawn more often than not.
fn training(draw: &mut Draw) {
    let (n, m) = draw.shape();
    let mut near = |size: usize| if draw.below(4) == 0 { draw.size() } else { size };
    let (w_shape, x_shape, y_shape) = ((near(n), near(1)), (near(n), near(m)), (near(1), near(m)));
    let (hidden, outputs, threads) = (near(3), near(1), near(2));
    let mut made = None;
    orderly("making them", || {
        let (w, x) = (draw.matrix(w_shape), draw.matrix(x_shape));
        let y = draw.matrix(y_shape);
        let labels = if draw.below(4) == 0 { y } else { y.map(|y| f64::from(y > 0.0)) };
        let network =
            Network::new(n).layer(hidden, Tanh).layer(outputs, Sigmoid).initialize(7, glorot);
        made = Some((w, x, labels, network));
    });
    let Some((w, x, y, mut network)) = made else { return };
    network.threads = Some(threads);
    let options = Options { num_iterations: 2, threads: Some(threads), ..Options::default() };
    let features: Vec<String> = (0..n.min(99)).map(|i| i.to_string()).collect();
    let classes = ["no", "yes"].map(String::from).to_vec();
    let (label, columns, notes) = ("y".into(), Default::default(), vec![]);
    let examples =
        Examples { features, label, classes, x: x.clone(), y: y.clone(), columns, notes };
    let grads = || vec![LayerGrads { dw: w.clone(), db: Tensor::from(0.5) }; 2];
    each! { format!("w {w_shape:?}, X {x_shape:?}, Y {y_shape:?}, {n}-{hidden}-{outputs}");
        logistic::propagate(&w, 0.5, &x, &y);
        logistic::cost_as_posted(&w, 0.5, &x, &y);
        logistic::optimize(w.clone(), 0.5, &x, &y, &options);
        logistic::predict(&w, 0.5, &x);
        logistic::model(&x, &y, &x, &y, &options);
        closed_form::propagate(&w, 0.5, &x, &y);
        closed_form::scale(&w, 0.5, &x, &y);
        network.predict(&x);
        network.propagate(&x, &y, cross_entropy);
        network.propagate(&x, &y, squared_error);
        network.propagate(&x, &y, |output, _| output.a().sum());
        network.clone().train(&x, &y, squared_error, 2, 0.1, |_, _, _| ());
        network.clone().step(&grads(), 0.1);
        examples.split(0.3, 1);
        examples.standardizer().and_then(|scaler| scaler.apply(&x));
    }
    network.layers[0].weights = w;
    each! { format!("w {w_shape:?}, X {x_shape:?}, Y {y_shape:?}, {n}-{hidden}-{outputs} by hand");
        network.predict(&x);
        network.propagate(&x, &y, cross_entropy);
        network.clone().layer(outputs, Tanh).initialize(1, glorot);
    }
}

#[test]
fn any_size_is_answered_or_refused() {
    let mut draw = Draw(11);
    for _ in 0..samples(20, 300) {
        matrices(&mut draw);
        training(&mut draw);
    }
}

/// The limit itself, on both sides; beyond it nothing is counted, allocated or repeated.
#[test]
fn the_stated_limit() {
    const MOST: usize = Tensor::MOST;
    let largest = Tensor::filled(MOST, 1, 2.0);
    assert_eq!((largest.shape(), largest.t().get(0, MOST - 1)), ((MOST, 1), 2.0));
    let row = [0.0; 1 << 10];
    for refused in [
        (|_| Tensor::zeros(MOST + 1, 1)) as fn(&[f64]) -> Tensor,
        |_| Tensor::zeros(MOST + 1, 0),
        |_| Tensor::zeros(0, MOST + 1),
        |_| Tensor::filled(MOST / 2, 3, 1.0),
        |_| Tensor::new(usize::MAX, 0, vec![]),
        |row| Tensor::from_rows(&vec![row; MOST / row.len() + 1]),
        |_| Tensor::zeros(1 << 16, 1).matmul(&Tensor::zeros(1, 1 << 16)),
        |_| Tensor::zeros(1 << 16, 0).matmul(&Tensor::zeros(0, 1 << 16)),
        |_| Network::new(1 << 16).layer(1 << 16, Sigmoid).layers[0].bias.clone(),
        |_| Network::new(MOST + 1).layer(1, Sigmoid).layers[0].bias.clone(),
        |_| logistic::initialize_with_zeros(MOST + 1).0,
    ] {
        let panic = catch_unwind(|| refused(&row)).expect_err("this should have been refused");
        let message = panic.downcast_ref::<String>().unwrap();
        assert!(message.contains(" matrix is too large\n  --> "), "{message}");
        assert!(message.contains(file!()), "{message}");
    }
}

/// More threads than an operating system starts, and than there are blocks.
#[test]
fn any_number_of_threads() {
    let m = 1 << samples(20, 24);
    let (w, x, y) = (Tensor::zeros(0, 1), Tensor::zeros(0, m), Tensor::zeros(1, m));
    let mut network = logistic::network(&w, &0.0.into());
    network.threads = Some(usize::MAX);
    let (_, cost) = network.propagate(&x, &y, cross_entropy);
    assert!((cost - 2f64.ln()).abs() < 1e-12);
}
