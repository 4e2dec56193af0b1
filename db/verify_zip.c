/*
 * verify_zip - the files of a container that may be hostile
 *
 * libzip reads the directory at the end of the file and holds it against the header before
 * each file (ZIP_CHECKCONS). What it does not refuse, and a reader of another make may
 * understand in another way, is looked for here: a name that is there twice, a name that leads
 * out of the directory, an encrypted file, a comment. Files whose packed octets overlap, the way
 * small bombs are made, have a larger sum than the zip has octets.
 */
#include "db/verify_zip.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

static const char TYPE[] = "application/vnd.etsi.asic-e+zip";

enum { CHUNK = 64 * 1024, LOCAL_HEADER = 30, TYPE_NAME = 8 }; /* APPNOTE 4.3.7 */

struct packed {
    const char *name; /* libzip's */
    uint64_t size;
    const char *fault;
};

struct zip_reader {
    zip_t *zip;
    struct packed *files;
    size_t count;
    bool typed;
};

static unsigned octets_le(const unsigned char *at, unsigned count)
{
    unsigned value = 0;
    while (count--)
        value = value << 8 | at[count];
    return value;
}

/* The very first octets: what file(1) and other readers recognise the type by. */
static bool begins_typed(int fd)
{
    unsigned char head[LOCAL_HEADER + TYPE_NAME + sizeof TYPE - 1];
    if (pread(fd, head, sizeof head, 0) != (ssize_t)sizeof head)
        return false;
    return memcmp(head, "PK\3\4", 4) == 0 && octets_le(head + 8, 2) == ZIP_CM_STORE &&
           octets_le(head + 18, 4) == sizeof TYPE - 1 &&
           octets_le(head + 22, 4) == sizeof TYPE - 1 && octets_le(head + 26, 2) == TYPE_NAME &&
           octets_le(head + 28, 2) == 0 && memcmp(head + LOCAL_HEADER, "mimetype", 8) == 0 &&
           memcmp(head + LOCAL_HEADER + TYPE_NAME, TYPE, sizeof TYPE - 1) == 0;
}

/* --- names ----------------------------------------------------------------------------------*/

static bool has_step_up(const char *name)
{
    for (const char *at = name; at; at = strchr(at, '/')) {
        at += *at == '/';
        size_t len = strcspn(at, "/");
        if ((len == 1 && at[0] == '.') || (len == 2 && memcmp(at, "..", 2) == 0) ||
            (len == 0 && at[0] == '/'))
            return true;
    }
    return false;
}

static const char *name_fault(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > FILE_NAME_MAX)
        return "its name is empty or too long";
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127 || *c == '\\')
            return "its name holds a control character or a backslash";
    if (name[0] == '/' || has_step_up(name))
        return "its name leads out of the container";
    if (name[len - 1] == '/')
        return "it is a directory, which an evidence file has none of";
    return NULL;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp((*(struct packed *const *)a)->name, (*(struct packed *const *)b)->name);
}

/* Two readers may each see another one of them. */
static bool find_twins(struct zip_reader *z)
{
    struct packed **sorted = calloc(z->count ? z->count : 1, sizeof *sorted);
    if (!sorted)
        return false;
    for (size_t i = 0; i < z->count; i++)
        sorted[i] = &z->files[i];
    qsort(sorted, z->count, sizeof *sorted, compare_names);
    for (size_t i = 1; i < z->count; i++)
        if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0)
            sorted[i - 1]->fault = sorted[i]->fault = "it is in the container twice";
    free(sorted);
    return true;
}

/* --- opening --------------------------------------------------------------------------------*/

static enum store_status file_look(struct zip_reader *z, size_t i, uint64_t *packed_sum,
                                   struct store_error *err)
{
    enum { WANTED = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD };
    struct packed *f = &z->files[i];
    zip_stat_t s;
    if (zip_stat_index(z->zip, i, ZIP_FL_ENC_RAW, &s) != 0 || (s.valid & WANTED) != WANTED)
        return store_fail(err, STORE_CORRUPT, "the directory of the zip cannot be read");
    f->name = s.name;
    f->size = s.size;
    f->fault = name_fault(s.name);
    if (s.size > FILE_RATIO_FROM && s.size / FILE_RATIO_MAX > s.comp_size)
        return store_fail(
            err, STORE_CORRUPT,
            "%.*s: %" PRIu64 " octets are to come out of %" PRIu64 ": more than %d to 1 is refused",
            FILE_NAME_MAX, s.name, (uint64_t)s.size, (uint64_t)s.comp_size, FILE_RATIO_MAX);
    if (s.comp_size > UINT64_MAX - *packed_sum)
        return store_fail(err, STORE_CORRUPT, "its files are larger than the zip");
    *packed_sum += s.comp_size;
    if (s.comp_method != ZIP_CM_STORE && s.comp_method != ZIP_CM_DEFLATE)
        f->fault = "it is packed in a way that evidence files do not use";
    if ((s.valid & ZIP_STAT_ENCRYPTION_METHOD) && s.encryption_method != ZIP_EM_NONE)
        f->fault = "it is encrypted";
    return STORE_OK;
}

static enum store_status files_look(struct zip_reader *z, int fd, struct store_error *err)
{
    struct stat st;
    uint64_t packed_sum = 0;
    int comment = 0;
    zip_int64_t count = zip_get_num_entries(z->zip, 0);
    if (fstat(fd, &st) != 0)
        return store_fail_errno(err, errno, "cannot be read");
    if (count < 0 || count > FILE_ENTRIES_MAX)
        return store_fail(err, STORE_CORRUPT, "more than %d files are in it", FILE_ENTRIES_MAX);
    z->count = (size_t)count;
    z->files = calloc(z->count ? z->count : 1, sizeof *z->files);
    if (!z->files)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < z->count; i++) {
        enum store_status looked = file_look(z, i, &packed_sum, err);
        if (looked != STORE_OK)
            return looked;
    }
    if (packed_sum > (uint64_t)st.st_size)
        return store_fail(err, STORE_CORRUPT, "its files overlap, as in a zip bomb");
    if (zip_get_archive_comment(z->zip, &comment, ZIP_FL_ENC_RAW) && comment > 0)
        return store_fail(err, STORE_CORRUPT, "a comment hangs on it, which nothing signs");
    return find_twins(z) ? STORE_OK : store_fail(err, STORE_NO_MEMORY, "out of memory");
}

static zip_t *zip_from(int fd, int flags, zip_error_t *error)
{
    int own = dup(fd);
    FILE *f = own >= 0 ? fdopen(own, "rb") : NULL;
    if (!f) {
        zip_error_set(error, ZIP_ER_OPEN, errno);
        if (own >= 0)
            close(own);
        return NULL;
    }
    zip_source_t *source = zip_source_filep_create(f, 0, -1, error);
    if (!source) {
        fclose(f);
        return NULL;
    }
    zip_t *zip = zip_open_from_source(source, ZIP_RDONLY | flags, error);
    if (!zip)
        zip_source_free(source);
    return zip;
}

enum store_status zip_reader_open(int fd, struct zip_reader **reader, struct store_error *err)
{
    *reader = NULL;
    struct zip_reader *z = calloc(1, sizeof *z);
    if (!z)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    zip_error_t error;
    zip_error_init(&error);
    z->zip = zip_from(fd, ZIP_CHECKCONS, &error);
    if (!z->zip && zip_error_code_zip(&error) == ZIP_ER_EXISTS)
        z->zip = zip_from(fd, 0, &error); /* a name twice: find_twins() says which */
    enum store_status st = STORE_OK;
    if (!z->zip)
        st = store_fail(err, zip_error_code_zip(&error) == ZIP_ER_READ ? STORE_IO : STORE_CORRUPT,
                        "is no zip, or is cut off or damaged: %s", zip_error_strerror(&error));
    zip_error_fini(&error);
    if (st == STORE_OK)
        st = files_look(z, fd, err);
    if (st != STORE_OK) {
        zip_reader_close(z);
        return st;
    }
    z->typed = begins_typed(fd);
    *reader = z;
    return STORE_OK;
}

void zip_reader_close(struct zip_reader *z)
{
    if (!z)
        return;
    if (z->zip)
        zip_discard(z->zip);
    free(z->files);
    free(z);
}

/* --- reading --------------------------------------------------------------------------------*/

size_t zip_reader_count(const struct zip_reader *z)
{
    return z->count;
}

const char *zip_reader_name(const struct zip_reader *z, size_t i)
{
    return z->files[i].name;
}

uint64_t zip_reader_size(const struct zip_reader *z, size_t i)
{
    return z->files[i].size;
}

const char *zip_reader_fault(const struct zip_reader *z, size_t i)
{
    return z->files[i].fault;
}

bool zip_reader_typed(const struct zip_reader *z)
{
    return z->typed;
}

enum store_status zip_reader_stream(struct zip_reader *z, size_t i, zip_sink sink, void *context,
                                    const char **why, struct store_error *err)
{
    char chunk[CHUNK];
    uint64_t left = z->files[i].size;
    zip_int64_t got = 0;
    bool taken = true;
    *why = NULL;
    zip_file_t *f = zip_fopen_index(z->zip, i, 0);
    if (!f) {
        *why = "altered: it cannot be unpacked";
        return STORE_OK;
    }
    while (taken && (got = zip_fread(f, chunk, sizeof chunk)) > 0 && (uint64_t)got <= left) {
        left -= (uint64_t)got;
        taken = sink(chunk, (size_t)got, context);
    }
    if (taken && got < 0)
        *why = "altered: its octets are not those that were packed";
    else if (taken && (got > 0 || left > 0))
        *why = "altered: it has another size than the directory says";
    zip_fclose(f);
    return taken ? STORE_OK : store_fail(err, STORE_NO_MEMORY, "out of memory");
}
