//! However a matrix lies in memory, what is computed from it depends on its entries alone: each
//! operation against loops over `get`, on transposes, ranges and repetitions of each other.

use crate::common::config;
use chainrule::tape::Value;
use chainrule::tensor::{Local, Tape, Tensor};
use proptest::prelude::*;

/// A matrix of this shape, made by up to `steps` views of another one.
fn matrix(rows: usize, columns: usize, steps: usize) -> BoxedStrategy<Tensor> {
    let entries = proptest::collection::vec(-3.0..3.0, rows * columns);
    let dense = entries.prop_map(move |entries| Tensor::new(rows, columns, entries)).boxed();
    if steps == 0 {
        return prop_oneof![
            3 => dense,
            1 => (-3.0..3.0).prop_map(move |x| Tensor::filled(rows, columns, x)),
        ]
        .boxed();
    }
    let repeated = move |x: Tensor| Local::SpreadTo(rows, columns).carry_back(&x);
    prop_oneof![
        dense,
        matrix(columns, rows, steps - 1).prop_map(|x| x.t()),
        (0..3_usize, 0..3_usize).prop_flat_map(move |(before, after)| {
            matrix(rows, before + columns + after, steps - 1)
                .prop_map(move |wide| wide.columns(before..before + columns))
        }),
        matrix(1, columns, steps - 1).prop_map(repeated),
        matrix(rows, 1, steps - 1).prop_map(repeated),
    ]
    .boxed()
}

/// The sizes 0 and 1, which end many loops early, and what is longer than eight, which many
/// loops take at a time.
fn size() -> impl Strategy<Value = usize> {
    prop_oneof![1 => Just(0), 2 => Just(1), 4 => 2..6_usize, 1 => 9..18_usize]
}

fn table(rows: usize, columns: usize, entry: impl Fn(usize, usize) -> f64) -> Vec<f64> {
    (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j))).map(|(i, j)| entry(i, j)).collect()
}

fn entries(x: &Tensor) -> Vec<f64> {
    table(x.shape().0, x.shape().1, |i, j| x.get(i, j))
}

/// Entry (i, j) of a matrix that may have to be repeated for it.
fn repeated(x: &Tensor, i: usize, j: usize) -> f64 {
    x.get(if x.shape().0 == 1 { 0 } else { i }, if x.shape().1 == 1 { 0 } else { j })
}

#[track_caller]
fn assert_entries(x: &Tensor, expected: (usize, usize, Vec<f64>)) {
    assert_eq!(x.shape(), (expected.0, expected.1));
    assert_eq!(x.to_vec(), entries(x));
    assert_eq!(entries(x), expected.2);
}

#[track_caller]
fn assert_sums(x: &Tensor, shape: (usize, usize), expected: impl Fn(usize, usize) -> Vec<f64>) {
    assert_eq!(x.shape(), shape);
    for i in 0..shape.0 {
        for j in 0..shape.1 {
            let terms = expected(i, j);
            let (sum, size): (f64, f64) = (terms.iter().sum(), terms.iter().map(|x| x.abs()).sum());
            // Each addition and each product may be off by half an EPSILON, here as there.
            let tolerance = (terms.len() + 1) as f64 * f64::EPSILON * size;
            assert!((x.get(i, j) - sum).abs() <= tolerance, "{} {sum}", x.get(i, j));
        }
    }
}

proptest! {
    #![proptest_config(config(300, 3000))]

    #[test]
    fn entry_by_entry(
        (x, y, row, column, one) in (size(), size()).prop_flat_map(|(n, m)| (
            matrix(n, m, 3), matrix(n, m, 3), matrix(1, m, 2), matrix(n, 1, 2), matrix(1, 1, 2),
        )),
    ) {
        let (n, m) = x.shape();
        let mapped = table(n, m, |i, j| 3.0 * x.get(i, j) + 1.0);
        assert_entries(&x.map(|x| 3.0 * x + 1.0), (n, m, mapped));
        assert_entries(&x.t(), (m, n, table(m, n, |j, i| x.get(i, j))));
        prop_assert_eq!(&x, &Tensor::new(n, m, entries(&x)));
        for y in [&y, &row, &column, &one] {
            let difference = table(n, m, |i, j| x.get(i, j) - repeated(y, i, j));
            let negative = difference.iter().map(|d| -d).collect();
            assert_entries(&(&x - y), (n, m, difference));
            assert_entries(&(y - &x), (n, m, negative));

            let tape = Tape::new();
            let (u, v) = (tape.var(x.clone()), tape.var(y.clone()));
            let product = u * v;
            let by_hand = |i, j| x.get(i, j) * repeated(y, i, j);
            assert_entries(&product.value(), (n, m, table(n, m, by_hand)));
            let gradients = product.sin().sum().backward();
            let slope = |i, j| by_hand(i, j).cos();
            assert_sums(&gradients.wrt(u), (n, m), |i, j| vec![slope(i, j) * repeated(y, i, j)]);
            assert_sums(&gradients.wrt(v), y.shape(), |p, q| {
                let down = if y.shape().0 == n { p..p + 1 } else { 0..n };
                let across = || if y.shape().1 == m { q..q + 1 } else { 0..m };
                let all = down.flat_map(|i| across().map(move |j| (i, j)));
                all.map(|(i, j)| slope(i, j) * x.get(i, j)).collect()
            });
        }
    }

    /// A gradient that is added up changes no other matrix that shares its memory.
    #[test]
    fn added_in_place(
        (x, y) in (size(), size()).prop_flat_map(|(n, m)| (matrix(n, m, 3), matrix(n, m, 3))),
        own in any::<bool>(),
    ) {
        let (n, m) = x.shape();
        let (x_before, y_before) = (entries(&x), entries(&y));
        let mut sum = if own { x.map(|x| x) } else { x.clone() };
        let expected = table(n, m, |i, j| x.get(i, j) + y.get(i, j));
        if own {
            sum.accumulate(y.clone());
            prop_assert_eq!(entries(&x), x_before);
        } else {
            drop(x); // nobody else holds these entries any more, unless y does
            sum.accumulate(y.clone());
        }
        prop_assert_eq!(entries(&y), y_before);
        assert_entries(&sum, (n, m, expected));
        let mut twice = y.clone();
        twice.accumulate(y.clone());
        prop_assert_eq!(entries(&twice), table(n, m, |i, j| 2.0 * y.get(i, j)));
    }

    #[test]
    fn products_and_sums(
        (a, b) in (size(), size(), size()).prop_flat_map(|(n, k, m)| (
            matrix(n, k, 3), matrix(k, m, 3),
        )),
    ) {
        let ((n, k), m) = (a.shape(), b.shape().1);
        assert_sums(&a.matmul(&b), (n, m), |i, j| {
            (0..k).map(|l| a.get(i, l) * b.get(l, j)).collect()
        });
        assert_sums(&a.sum_rows(), (1, k), |_, j| (0..n).map(|i| a.get(i, j)).collect());
        assert_sums(&a.sum_columns(), (n, 1), |i, _| (0..k).map(|j| a.get(i, j)).collect());
        assert_sums(&a.sum().into(), (1, 1), |_, _| entries(&a));
    }
}

/// What has no entries takes no time and no memory, however many rows it may have.
#[test]
fn very_many_rows_of_nothing() {
    let x = Tensor::zeros(Tensor::MOST, 0);
    assert_eq!(x, x.map(f64::exp));
    assert_eq!((x.to_vec(), x.sum()), (vec![], 0.0));
    assert!(x.to_string().ends_with("(2147483648 x 0)"));
    assert_eq!(x.t().matmul(&x).shape(), (0, 0));
    assert_eq!(x.matmul(&Tensor::zeros(0, 1)).get(1 << 30, 0), 0.0);
    let mut sum = Tensor::new(0, 3, vec![]).columns(2..2);
    sum.accumulate(Tensor::zeros(0, 0));
    assert_eq!(sum.shape(), (0, 0));
}

/// Aligned by the widest of the entries that are shown; the middle of a large matrix is left out.
#[test]
fn a_wide_and_high_matrix_is_shown_by_its_corners() {
    let entries = (0..90).map(|k| if k == 89 { -8.9 } else { k as f64 / 10.0 }).collect();
    let expected = "\
[[ 0.000000,  0.100000,  0.200000,  0.300000, ...,  0.600000,  0.700000,  0.800000,  0.900000]
 [ 1.000000,  1.100000,  1.200000,  1.300000, ...,  1.600000,  1.700000,  1.800000,  1.900000]
 [ 2.000000,  2.100000,  2.200000,  2.300000, ...,  2.600000,  2.700000,  2.800000,  2.900000]
 [ 3.000000,  3.100000,  3.200000,  3.300000, ...,  3.600000,  3.700000,  3.800000,  3.900000]
 ...
 [ 5.000000,  5.100000,  5.200000,  5.300000, ...,  5.600000,  5.700000,  5.800000,  5.900000]
 [ 6.000000,  6.100000,  6.200000,  6.300000, ...,  6.600000,  6.700000,  6.800000,  6.900000]
 [ 7.000000,  7.100000,  7.200000,  7.300000, ...,  7.600000,  7.700000,  7.800000,  7.900000]
 [ 8.000000,  8.100000,  8.200000,  8.300000, ...,  8.600000,  8.700000,  8.800000, -8.900000]]";
    assert_eq!(Tensor::new(9, 10, entries).to_string(), format!("{expected} (9 x 10)"));
}
