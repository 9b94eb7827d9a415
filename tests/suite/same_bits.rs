//! The same bits on any number of threads, with or without wide registers: the order of all
//! additions is fixed. (Another memory layout of X may mean another order, and other last bits.)

use chainrule::activation::{self, Activation};
use chainrule::logistic::{self, Grads, Options, optimize, propagate};
use chainrule::network::cross_entropy;
use chainrule::tensor::{Tape, Tensor};

/// Numbers of very different sizes, so that another order of adding shows.
fn numbers(count: usize) -> Vec<f64> {
    (0..count).map(|k| ((k * 7919 % 1000) as f64 - 500.0) * 10f64.powi(k as i32 % 9 - 4)).collect()
}

fn bits(x: &[f64]) -> Vec<u64> {
    x.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn any_number_of_threads() {
    // Several blocks in either layout, the last one incomplete; in the second, each example is so
    // long that four of them share a walk over w.
    for (n, m) in [(100, 700), (2051, 300)] {
        let x = Tensor::new(m, n, numbers(n * m)).t();
        let y = Tensor::new(1, m, (0..m).map(|j| (j % 3 / 2) as f64).collect());
        let w = Tensor::new(n, 1, numbers(n)).map(|w| w * 1e-8);
        for x in [x.clone(), Tensor::new(n, m, x.to_vec())] {
            let on = |threads| {
                let mut network = logistic::network(&w, &0.5.into());
                network.threads = Some(threads);
                let (mut grads, cost) = network.propagate(&x, &y, cross_entropy);
                (Grads::from(grads.remove(0)), cost)
            };
            let (grads, cost) = on(1);
            for threads in [0, 2, 3, 4, 100] {
                let (other, other_cost) = on(threads);
                assert_eq!(bits(&grads.dw.to_vec()), bits(&other.dw.to_vec()), "{threads} threads");
                assert_eq!((grads.db, cost), (other.db, other_cost), "{threads} threads");
            }
            assert_eq!(propagate(&w, 0.5, &x, &y).unwrap(), (grads, cost));
            let fit = |threads| {
                let options = Options { num_iterations: 3, threads, ..Options::default() };
                optimize(w.clone(), 0.5, &x, &y, &options).unwrap()
            };
            assert_eq!(fit(None), fit(Some(3)));
            assert_eq!(fit(Some(1)), fit(Some(7)));
        }
    }
}

/// The order in which the loops add, written down: eight sums side by side, then joined.
fn sum_in_order(terms: &[f64]) -> f64 {
    let mut s = [0.0; 8];
    let (chunks, rest) = terms.as_chunks::<8>();
    for chunk in chunks {
        for k in 0..8 {
            s[k] += chunk[k];
        }
    }
    rest.iter().fold(join(s), |sum, x| sum + x)
}

fn join(s: [f64; 8]) -> f64 {
    ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

/// A dot product: of the rest, four more go to the sums side by side before these are joined.
fn dot_in_order(x: &[f64], y: &[f64]) -> f64 {
    let mut s = [0.0; 8];
    let (end, side_by_side) = (x.len(), x.len() / 4 * 4);
    for k in 0..side_by_side {
        s[k % 8] += x[k] * y[k];
    }
    (side_by_side..end).fold(join(s), |sum, k| sum + x[k] * y[k])
}

/// `A·B` for one row of A, B lying by rows: these are added four at a time, what remains one by one.
fn rows_in_order(a: &[f64], b: &Tensor, at_once: usize) -> Vec<f64> {
    let term = |k: usize, j| a[k] * b.get(k, j);
    let entry = |j| {
        let (mut sum, fours) = (0.0, a.len() / at_once * at_once);
        for k in (0..fours).step_by(at_once) {
            sum += match at_once {
                4 => (term(k, j) + term(k + 1, j)) + (term(k + 2, j) + term(k + 3, j)),
                _ => term(k, j),
            };
        }
        (fours..a.len()).fold(sum, |sum, k| sum + term(k, j))
    };
    (0..b.shape().1).map(entry).collect()
}

/// Every way through the loops: rows of B short and long, in number a multiple of nothing, with
/// every rest, near and far in memory, in both layouts.
#[test]
fn products_add_in_one_order() {
    for (k, m) in [(1, 1), (3, 9), (4, 3), (7, 17), (13, 5), (30, 31), (2049, 7), (2055, 15)] {
        let (a, b) = (numbers(2 * k), Tensor::new(m, k, numbers(k * m)));
        let product = Tensor::new(2, k, a.clone()).matmul(&b.t());
        for i in 0..2 {
            let row = |j| dot_in_order(&a[i * k..][..k], &b.t().columns(j..j + 1).to_vec());
            let by_hand: Vec<f64> = (0..m).map(row).collect();
            let product: Vec<f64> = (0..m).map(|j| product.get(i, j)).collect();
            assert_eq!(bits(&product), bits(&by_hand), "dot products of {k} numbers");
        }
        let (a, b) = (&a[..m.min(k)], Tensor::new(m.min(k), k * m, numbers(m.min(k) * k * m)));
        for part in [b.clone(), b.columns(0..b.shape().1 - 1)] {
            let far = part == b && b.shape().0 * b.shape().1 > 1 << 18;
            let by_hand = rows_in_order(a, &part, if far { 1 } else { 4 });
            let product = Tensor::new(1, a.len(), a.to_vec()).matmul(&part).to_vec();
            assert_eq!(bits(&product), bits(&by_hand), "{} rows of {}", a.len(), k * m);
        }
    }
}

/// What was compiled for wide registers against plain code. A fused multiply-add would show.
#[test]
fn wide_registers_or_not() {
    let (x, y) = (numbers(1003), numbers(2006));
    let y = &y[1003..];
    let (row, column) = (Tensor::new(1, 1003, x.clone()), Tensor::new(1003, 1, y.to_vec()));
    let products: Vec<f64> = x.iter().zip(y).map(|(x, y)| x * y).collect();
    assert_eq!(row.sum().to_bits(), sum_in_order(&x).to_bits());
    assert_eq!(row.matmul(&column).sum().to_bits(), sum_in_order(&products).to_bits());
    assert_eq!(bits(&(&row * &column.t()).to_vec()), bits(&products));
    for f in activation::all() {
        let tape = Tape::new();
        let z = tape.var(row.map(|x| x * 1e-3));
        let a = z.apply(&f);
        let (one_by_one, slopes): (Vec<f64>, Vec<f64>) =
            z.value().to_vec().into_iter().map(|z| f.f_df(z)).unzip();
        assert_eq!(bits(&a.value().to_vec()), bits(&one_by_one), "{}", f.name());
        let gradient = a.sum().backward().wrt(z).to_vec();
        assert_eq!(bits(&gradient), bits(&slopes), "{}", f.name());
    }
}
