/* transpose - y[j][i] = x[i][j], in squares of four by four. */
#include "vector.h"
#include "../sweeps.h"

void SN_NAME(sn_transpose)(const float *x, size_t rows, size_t columns, float *y);

typedef float four __attribute__((vector_size(16)));
typedef float unaligned_four __attribute__((vector_size(16), aligned(4), may_alias));

INLINE four get(const float *p)
{
	return *(const unaligned_four *)p;
}

static void square(const float *x, size_t step, float *y, size_t y_step)
{
	four a = get(x), b = get(x + step), c = get(x + 2 * step), d = get(x + 3 * step);
	four ab = __builtin_shufflevector(a, b, 0, 4, 1, 5),
	     cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
	*(unaligned_four *)y = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
	*(unaligned_four *)(y + y_step) = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
	ab = __builtin_shufflevector(a, b, 2, 6, 3, 7);
	cd = __builtin_shufflevector(c, d, 2, 6, 3, 7);
	*(unaligned_four *)(y + 2 * y_step) = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
	*(unaligned_four *)(y + 3 * y_step) = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
}

/* So many rows at a time that lines of y are written whole. */
enum { STRIP = 16 };

void SN_NAME(sn_transpose)(const float *x, size_t rows, size_t columns, float *y)
{
	for (size_t first = 0; first < rows; first += STRIP) {
		const size_t end = rows - first < STRIP ? rows : first + STRIP;
		size_t j = 0;
		for (; j + 4 <= columns; j += 4) {
			size_t i = first;
			for (; i + 4 <= end; i += 4)
				square(x + i * columns + j, columns, y + j * rows + i, rows);
			for (; i < end; i++)
				for (size_t k = j; k < j + 4; k++)
					y[k * rows + i] = x[i * columns + k];
		}
		for (; j < columns; j++)
			for (size_t i = first; i < end; i++)
				y[j * rows + i] = x[i * columns + j];
	}
}
