//! The same bits on any number of threads, with or without wide registers: the order of all
//! additions is fixed. (Another memory layout of X may mean another order, and other last bits.)

use chainrule::activation::{self, Activation};
use chainrule::logistic::{Options, optimize, propagate, propagate_on};
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
    // 5 blocks, the last one incomplete.
    let (n, m) = (100, 700);
    let x = Tensor::new(m, n, numbers(n * m)).t();
    let y = Tensor::new(1, m, (0..m).map(|j| (j % 3 / 2) as f64).collect());
    let w = Tensor::new(n, 1, numbers(n)).map(|w| w * 1e-8);
    for x in [x.clone(), Tensor::new(n, m, x.to_vec())] {
        let (grads, cost) = propagate_on(1, &w, 0.5, &x, &y).unwrap();
        for threads in [0, 2, 3, 7, 100] {
            let (other, other_cost) = propagate_on(threads, &w, 0.5, &x, &y).unwrap();
            assert_eq!(bits(&grads.dw.to_vec()), bits(&other.dw.to_vec()), "{threads} threads");
            assert_eq!((grads.db, cost), (other.db, other_cost), "{threads} threads");
        }
        assert_eq!(propagate(&w, 0.5, &x, &y).unwrap(), (grads, cost));
        let fit = |threads| {
            let options = Options { num_iterations: 20, threads, ..Options::default() };
            optimize(w.clone(), 0.5, &x, &y, &options).unwrap()
        };
        assert_eq!(fit(None), fit(Some(3)));
        assert_eq!(fit(Some(1)), fit(Some(7)));
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
    let joined = ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
    joined + rest.iter().fold(0.0, |sum, x| sum + x)
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
    // Rows of B, four at a time.
    let b = Tensor::new(5, 1003, numbers(5015));
    let a = [0.3, -1.7, 1e3, 7.1, -0.9];
    let by_hand = |j: usize| {
        let [p0, p1, p2, p3, p4] = std::array::from_fn(|k| a[k] * b.get(k, j));
        ((p0 + p1) + (p2 + p3)) + p4
    };
    let product = Tensor::new(1, 5, a.to_vec()).matmul(&b).to_vec();
    assert_eq!(bits(&product), bits(&(0..1003).map(by_hand).collect::<Vec<_>>()));
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
