//! The loops in which the time goes: plain, safe, and in the order of memory, so that the compiler
//! can make vector instructions of them.

use super::value::Tensor;

/// How many sums are kept at once. A single sum would wait for each addition; these are
/// independent, and their order of adding is fixed, so the result is the same everywhere.
const LANES: usize = 8;

/// `Σ xᵢ`.
pub fn sum(x: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let chunks = x.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *sum += x;
        }
    }
    join(sums) + rest.iter().fold(0.0, |sum, x| sum + x)
}

/// `Σ xᵢ yᵢ`, of slices of equal length.
pub fn dot(x: &[f64], y: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (xs, ys) = (x.chunks_exact(LANES), y.chunks_exact(LANES));
    let rest = xs.remainder().iter().zip(ys.remainder());
    let rest = rest.fold(0.0, |sum, (x, y)| sum + x * y);
    for (x, y) in xs.zip(ys) {
        for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
            *sum += x * y;
        }
    }
    join(sums) + rest
}

fn join(s: [f64; LANES]) -> f64 {
    ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

/// `C = A·B`. Where the columns of B lie in one piece (examples do), each entry of C is one dot
/// product; otherwise each row of C is a sum of rows of B. Both read B in the order of memory.
pub fn matmul(a: &Tensor, b: &Tensor) -> Tensor {
    let ((rows, inner), (_, columns)) = (a.shape(), b.shape());
    let mut c = vec![0.0; rows * columns];
    if inner == 0 || c.is_empty() {
        return Tensor::new(rows, columns, c);
    }
    let a = a.to_rows();
    let columns_of_b = b.t();
    if columns_of_b.row(0).is_some() {
        for j in 0..columns {
            let column = columns_of_b.row(j).unwrap_or_default();
            for i in 0..rows {
                c[i * columns + j] = dot(a.row(i).unwrap_or_default(), column);
            }
        }
    } else {
        let b = if b.row(0).is_some() { b.clone() } else { b.to_rows() };
        for k in 0..inner {
            let row = b.row(k).unwrap_or_default();
            for i in 0..rows {
                let factor = a.row(i).unwrap_or_default()[k];
                for (sum, x) in c[i * columns..][..columns].iter_mut().zip(row) {
                    *sum += factor * x;
                }
            }
        }
    }
    Tensor::new(rows, columns, c)
}
