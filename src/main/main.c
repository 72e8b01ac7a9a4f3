/* The one place that knows the process's own streams and environment. */

#include <unistd.h>

#include "main/cli.h"
#include "main/server.h"
#include "media/image_worker.h"

int main(int argc, char **argv)
{
    const struct cli cli = {.out = stdout, .err = stderr, .serve = server_run};

    if (image_worker_asked(argc, argv))
        image_worker_run(argv);
    return cli_run(&cli, argc, (const char *const *)argv, (const char *const *)environ);
}
