#include "gateway/commands/kept_files.h"

#include "gateway/commands/run/beat.h"
#include "gateway/condition/live_page.h"
#include "gateway/metrics/metrics.h"

void kept_files_write(struct kept_files *files, struct gateway *gateway, bool last)
{
    live_page_keep(&files->page, gateway, last);
    metrics_keep(&files->metrics, gateway, last);
    beat_file(gateway->config, HEARTBEAT_PAGE, files->page.cause);
    beat_file(gateway->config, HEARTBEAT_METRICS, files->metrics.cause);
}

void kept_files_clear(struct kept_files *files)
{
    kept_file_clear(&files->page);
    kept_file_clear(&files->metrics);
}
