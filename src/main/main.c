/* The one place that knows the process's own streams and environment. */

#include <unistd.h>

#include "main/cli.h"
#include "main/server.h"

int main(int argc, char **argv)
{
    const struct cli cli = {.out = stdout, .err = stderr, .serve = server_run};

    return cli_run(&cli, argc, (const char *const *)argv, (const char *const *)environ);
}
