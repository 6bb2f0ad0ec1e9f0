
/*
 * Copyright (C) chatws contributors
 *
 * Stands in for libFuzzer: hands every file of the directories given as
 * arguments, or given itself, to the fuzz target linked with it, and tells
 * the result as TAP.  A target says that something is wrong by abort().
 */


#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tap.h"


#define REPLAY_PATH  4096


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
static int replay_path(const char *path);
static int replay_directory(const char *path);
static int replay_file(const char *path, size_t size);


int
main(int argc, char **argv)
{
    int  i, n;

    /* what every target has to take */

    (void) LLVMFuzzerTestOneInput((const uint8_t *) "", 0);

    for (i = 1; i < argc; i++) {
        n = replay_path(argv[i]);

        ok(n > 0, "%s, inputs:%d", argv[i], n);
    }

    return done();
}


/* how many inputs there were, -1 if there was an error */

static int
replay_path(const char *path)
{
    struct stat  st;

    if (stat(path, &st) != 0) {
        printf("# %s: %s\n", path, strerror(errno));
        return -1;
    }

    if (S_ISDIR(st.st_mode)) {
        return replay_directory(path);
    }

    return replay_file(path, st.st_size);
}


static int
replay_directory(const char *path)
{
    DIR            *dir;
    int             n, rc;
    char            name[REPLAY_PATH];
    struct dirent  *entry;

    dir = opendir(path);

    if (dir == NULL) {
        printf("# %s: %s\n", path, strerror(errno));
        return -1;
    }

    n = 0;

    while (n >= 0) {
        entry = readdir(dir);

        if (entry == NULL) {
            break;
        }

        if (entry->d_name[0] == '.') {
            continue;
        }

        (void) snprintf(name, REPLAY_PATH, "%s/%s", path, entry->d_name);

        rc = replay_path(name);
        n = (rc < 0) ? -1 : n + rc;
    }

    (void) closedir(dir);

    return n;
}


/* the name is printed first, for what crashes does not come back */

static int
replay_file(const char *path, size_t size)
{
    FILE     *file;
    uint8_t  *data;

    printf("# %s\n", path);
    fflush(stdout);

    file = fopen(path, "rb");

    if (file == NULL) {
        printf("# %s: %s\n", path, strerror(errno));
        return -1;
    }

    data = malloc(size ? size : 1);

    if (data == NULL || fread(data, 1, size, file) != size) {
        printf("# %s: cannot be read\n", path);
        free(data);
        (void) fclose(file);
        return -1;
    }

    (void) fclose(file);

    (void) LLVMFuzzerTestOneInput(data, size);

    free(data);

    return 1;
}
