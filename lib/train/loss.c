/* The losses of training that are sums over pairs. */
#include <sn/loss.h>

const char *const sn_loss_names[] = { "contrastive", NULL };

double sn_contrastive(double *slope, float d, int same, double m)
{
	double D = (double)d;
	double gap = D >= m ? 0 : m - D; /* this way round a NaN survives */
	if (slope)
		*slope = same ? D : -gap;
	return same ? 0.5 * D * D : 0.5 * gap * gap;
}
