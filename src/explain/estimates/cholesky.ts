/**
 * Solves `A·x = b` for several right-hand sides by Cholesky's decomposition.
 * @param matrix [n, n], symmetric and positive definite; only the lower triangle is read, and it is overwritten
 * @param sides each [n]; overwritten with its solution
 * @throws RangeError where the matrix is not positive definite
 */
export function solveSymmetric(matrix: Float64Array, n: number, sides: readonly Float64Array[]): void {
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * n + j];
      for (let k = 0; k < j; k++) sum -= matrix[i * n + k] * matrix[j * n + k];
      if (i !== j) matrix[i * n + j] = sum / matrix[j * n + j];
      else if (sum > 0) matrix[i * n + i] = Math.sqrt(sum);
      else throw new RangeError(`the matrix is not positive definite (row ${i})`);
    }
  for (const side of sides) {
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < i; k++) side[i] -= matrix[i * n + k] * side[k];
      side[i] /= matrix[i * n + i];
    }
    for (let i = n - 1; i >= 0; i--) {
      for (let k = i + 1; k < n; k++) side[i] -= matrix[k * n + i] * side[k];
      side[i] /= matrix[i * n + i];
    }
  }
}

/**
 * The inverse of a matrix, by Cholesky's decomposition.
 * @param matrix [n, n], symmetric and positive definite; only the lower triangle is read, and it is overwritten
 * @returns [n, n], both triangles
 * @throws RangeError where the matrix is not positive definite
 */
export function invertSymmetric(matrix: Float64Array, n: number): Float64Array<ArrayBuffer> {
  solveSymmetric(matrix, n, []);
  // L⁻¹, below the diagonal and on it.
  const lower = new Float64Array(n * n);
  for (let j = 0; j < n; j++) {
    lower[j * n + j] = 1 / matrix[j * n + j];
    for (let i = j + 1; i < n; i++) {
      let sum = 0;
      for (let k = j; k < i; k++) sum -= matrix[i * n + k] * lower[k * n + j];
      lower[i * n + j] = sum / matrix[i * n + i];
    }
  }
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = i; k < n; k++) sum += lower[k * n + i] * lower[k * n + j];
      inverse[i * n + j] = inverse[j * n + i] = sum;
    }
  return inverse;
}
