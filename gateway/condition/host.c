#include "gateway/condition/host.h"

#include "formats/unpack/unpack.h"
#include "formats/xml/xml_schema.h"
#include "gateway/clock.h"
#include "gateway/config/config_rights.h"
#include "gateway/drops/sftp_drop.h"
#include "spool/digest.h"
#include "spool/disk.h"
#include "spool/ledger/ledger.h"
#include "spool/packed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Who gets the findings. */
struct told {
    probe_tell *tell;
    void *user;
};

/* What must not be in use, and is allowed while one tries things out. */
static enum probe_result grave(const struct config *config)
{
    return strcmp(config->environment, "LIVE") == 0 ? PROBE_BAD : PROBE_NOTE;
}

/* Whoever runs `doctor` may be another: the owner of the spool is who runs the gateway. */
static void probe_user(const struct told *told, const struct config *config)
{
    struct stat st;
    bool there = stat(config->spool, &st) == 0;
    bool root = (there ? st.st_uid : geteuid()) == 0;

    told->tell(told->user, "user", root ? grave(config) : PROBE_GOOD,
               !root ? "the gateway's user is not root"
               : there
                   ? "the spool belongs to root: who breaks into the gateway then has the whole machine; make a "
                     "user of its own, and give it the home"
                   : "this is root: who breaks into the gateway then has the whole machine; run it as a user of its "
                     "own");
}

/* `run` does not start with such a file; this tells before. */
static void probe_modes(const struct told *told, const struct config *config)
{
    g_autofree char *problems = config_modes_problems(config, config->path);
    g_auto(GStrv) lines = g_strsplit(problems != NULL ? problems : "", "\n", -1);

    for (char **line = lines; *line != NULL; line++)
        told->tell(told->user, "modes", PROBE_BAD, *line);
    if (*lines == NULL)
        told->tell(told->user, "modes", PROBE_GOOD,
                   "nobody else may read a key, or write what the gateway trusts: configuration, known_hosts, trust "
                   "anchors, spool and orders");
}

/* Files are made with modes of their own, so it can only take rights away. */
static void probe_umask(const struct told *told)
{
    enum { GROUP_READS = S_IRGRP | S_IXGRP };
    const mode_t mask = umask(S_IRWXG | S_IRWXO);

    (void)umask(mask); /* cannot fail */
    const bool owner = (mask & S_IRWXU) != 0, group = (mask & GROUP_READS) != 0;
    g_autofree char *text = g_strdup_printf(
        "the umask here is %04o: %s", mask,
        owner   ? "with it 'ecosgate run' could not use what it makes itself; set it to 0027"
        : group ? "what 'ecosgate run' makes with it, in spool and local drops, the group of these cannot read; set it "
                  "to 0027, or mode= and folder_mode= of the drops"
                : "no file that 'ecosgate run' makes can be written by everybody, whatever it is");
    told->tell(told->user, "umask", owner ? PROBE_BAD : group ? PROBE_NOTE : PROBE_GOOD, text);
}

static void probe_core(const struct told *told)
{
    g_autofree char *pattern = NULL;

    if (!g_file_get_contents("/proc/sys/kernel/core_pattern", &pattern, NULL, NULL)) {
        told->tell(told->user, "core", PROBE_NOTE,
                   "/proc/sys/kernel/core_pattern cannot be read: see whether a crash "
                   "leaves a core dump, which would hold keys and personal data");
        return;
    }
    if (*g_strchomp(pattern) != '|') {
        told->tell(told->user, "core", PROBE_GOOD, "'ecosgate run' leaves no core dump: it sets its limit to 0");
        return;
    }
    g_autofree char *text = g_strdup_printf("core dumps are handed to a program, whatever their limit is "
                                            "(kernel.core_pattern: %s); they would hold keys and personal data: have "
                                            "it keep none of ecosgate",
                                            pattern);
    told->tell(told->user, "core", PROBE_NOTE, text);
}

/* True: what is written there can be read by nobody who has the disk alone: dm-crypt, or memory (zram). */
static bool swap_is_closed(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0 || !S_ISBLK(st.st_mode))
        return false;
    g_autofree char *device = g_strdup_printf("/sys/dev/block/%u:%u", major(st.st_rdev), minor(st.st_rdev));
    g_autofree char *where = realpath(device, NULL);
    g_autofree char *file = g_strdup_printf("%s/dm/uuid", device);
    g_autofree char *uuid = NULL;

    if (where != NULL && strstr(where, "/zram") != NULL)
        return true;
    return g_file_get_contents(file, &uuid, NULL, NULL) && g_str_has_prefix(uuid, "CRYPT-");
}

static void probe_swap(const struct told *told)
{
    g_autofree char *swaps = NULL;

    if (!g_file_get_contents("/proc/swaps", &swaps, NULL, NULL)) {
        told->tell(told->user, "swap", PROBE_NOTE,
                   "/proc/swaps cannot be read: see whether there is swap, and whether "
                   "it is encrypted");
        return;
    }
    bool open = false;
    g_auto(GStrv) lines = g_strsplit(swaps, "\n", -1);
    for (char **line = lines + 1; lines[0] != NULL && *line != NULL && **line != '\0'; line++) {
        (*line)[strcspn(*line, " \t")] = '\0';
        g_autofree char *path = g_strcompress(*line); /* the kernel writes a space of a name as \040 */
        if (swap_is_closed(path))
            continue;
        open = true;
        g_autofree char *text = g_strdup_printf("%s is swap and not encrypted: keys and personal data may be written "
                                                "there; encrypt it, or do without",
                                                path);
        told->tell(told->user, "swap", PROBE_NOTE, text);
    }
    if (!open)
        told->tell(told->user, "swap", PROBE_GOOD, "there is no swap that is not encrypted");
}

/* What is wrong with the syncs of the file system at path; NULL: nothing. g_free. */
static char *sync_fault(const char *what, const char *path, enum probe_result *result)
{
    *result = disk_is_volatile(path) ? PROBE_BAD : PROBE_NOTE;
    if (*result == PROBE_BAD)
        return g_strdup_printf("the %s is on an overlay that is mounted volatile (%s): no sync reaches the disk, and a "
                               "power failure loses what was acknowledged; put it on a volume",
                               what, path);
    if (disk_fs_can_sync(path))
        return NULL;
    return g_strdup_printf("the %s is on a file system (%s) whose sync does not tell of each failed write: each file "
                           "is synced by itself, which is slower; put it on a volume of ext4, XFS or Btrfs, with Linux "
                           "5.8 or newer. A container's own layer is lost when the container is removed",
                           what, path);
}

static void probe_disk(const struct told *told, const struct config *config)
{
    g_autofree char *folder = g_path_get_dirname(config->ledger);
    const struct {
        const char *what, *path;
    } homes[] = {{"spool", config->spool}, {"ledger", folder}};
    bool faulty = false, seen = false;

    for (size_t i = 0; i < G_N_ELEMENTS(homes); i++) {
        bool network = false;
        if (!disk_is_network_fs(homes[i].path, &network, NULL))
            continue; /* it does not exist yet */
        bool memory = disk_is_memory(homes[i].path);
        seen = true;
        faulty = faulty || network || memory;
        g_autofree char *text =
            g_strdup_printf(network ? "the %s is on a network file system (%s), where locks and syncs do not hold what "
                                      "they promise; put it on a local disk"
                                    : "the %s is on a file system in memory (%s): a restart of the machine loses it; "
                                      "put it on a local disk",
                            homes[i].what, homes[i].path);
        if (network || memory) {
            told->tell(told->user, "disk", network ? PROBE_BAD : grave(config), text);
            continue;
        }
        enum probe_result result;
        g_autofree char *fault = sync_fault(homes[i].what, homes[i].path, &result);
        faulty = faulty || fault != NULL;
        if (fault != NULL)
            told->tell(told->user, "disk", result, fault);
    }
    if (seen && !faulty)
        told->tell(told->user, "disk", PROBE_GOOD, "spool and ledger are on local file systems that a restart keeps");
}

static void probe_random(const struct told *told)
{
    char byte;
    bool ready = getrandom(&byte, sizeof byte, GRND_NONBLOCK) == sizeof byte || errno == EINTR;

    told->tell(told->user, "random", ready ? PROBE_GOOD : PROBE_BAD,
               ready ? "the kernel has random numbers for keys"
                     : "the kernel has not gathered enough randomness for keys yet: wait, or give the machine a source "
                       "(virtio-rng)");
}

static void probe_time(const struct told *told)
{
    static const char place[] = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    g_autofree char *source = NULL;
    bool known = g_file_get_contents(place, &source, NULL, NULL);
    bool synchronized = false;

    if (!clock_synchronized(&synchronized)) {
        told->tell(told->user, "time", PROBE_NOTE,
                   "the kernel does not say whether its clock is synchronized: see that chrony or the like runs");
        return;
    }
    g_autofree char *text = g_strdup_printf(
        synchronized ? "the kernel says that its clock is synchronized (its source: %s)"
                     : "the kernel says that nothing synchronizes its clock (its source: %s): verdicts, tries and "
                       "reports go by it; run chrony, or look why it has lost its servers",
        known ? g_strchomp(source) : "not known");
    told->tell(told->user, "time", synchronized ? PROBE_GOOD : PROBE_NOTE, text);
}

/* A fault that is known in versions from `from` on and is gone in `mended`, and that concerns what we use of it. Only
 * faults that were mended before the versions of Debian 12: for the newer ones Debian mends without a new version. */
struct known_fault {
    const char *library;
    int from[3], mended[3];
    const char *text;
};

static const struct known_fault known_faults[] = {
    {"SQLite", {3, 35, 0}, {3, 37, 2}, "a savepoint that is rolled back may damage the ledger"},
    {"libssh2", {0, 0, 0}, {1, 10, 0}, "CVE-2019-17498: a server may read our memory"},
    {"libssh2", {1, 11, 0}, {1, 11, 1}, "CVE-2023-48795 (Terrapin): packets can be left out"},
    {"libxml2", {0, 0, 0}, {2, 9, 13}, "CVE-2022-23308: use of memory that was freed"},
    {"libarchive", {0, 0, 0}, {3, 6, 1}, "CVE-2022-26280: a zip may read beyond its memory"},
    {"zlib", {0, 0, 0}, {1, 2, 12}, "CVE-2018-25032: packing may write beyond its memory"},
    {"OpenSSL", {3, 0, 0}, {3, 0, 7}, "CVE-2022-3602: a certificate may write beyond its memory"},
};

static int compare_versions(const int a[3], const int b[3])
{
    for (size_t i = 0; i < 3; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return 0;
}

/* The fault of that version; NULL: none is known. */
static const struct known_fault *fault_of(const char *library, const char *version)
{
    int v[3] = {0};

    (void)sscanf(version, "%d.%d.%d", &v[0], &v[1], &v[2]); /* what is missing is 0 */
    for (size_t i = 0; i < G_N_ELEMENTS(known_faults); i++) {
        const struct known_fault *fault = &known_faults[i];
        if (strcmp(fault->library, library) == 0 && compare_versions(v, fault->from) >= 0 &&
            compare_versions(v, fault->mended) < 0)
            return fault;
    }
    return NULL;
}

static void probe_libraries(const struct told *told)
{
    g_autofree char *libxml2 = xml_schema_library_version();
    const struct {
        const char *name, *version;
    } libraries[] = {
        {"SQLite", ledger_engine_version()},      {"libxml2", libxml2},
        {"libarchive", unpack_library_version()}, {"zlib", packed_library_version()},
        {"OpenSSL", digest_library_version()},    {"libssh2", sftp_drop_library_version()},
    };
    g_autoptr(GString) good = g_string_new("no fault is known that concerns what is used of them:");
    bool faulty = false;

    for (size_t i = 0; i < G_N_ELEMENTS(libraries); i++) {
        const struct known_fault *fault = fault_of(libraries[i].name, libraries[i].version);
        g_string_append_printf(good, "%s %s %s", i > 0 ? "," : "", libraries[i].name, libraries[i].version);
        if (fault == NULL)
            continue;
        faulty = true;
        g_autofree char *text = g_strdup_printf(
            "%s %s has a known fault, mended in %d.%d.%d, or by your distribution without a new "
            "number: %s; update it",
            libraries[i].name, libraries[i].version, fault->mended[0], fault->mended[1], fault->mended[2], fault->text);
        told->tell(told->user, "libraries", PROBE_NOTE, text);
    }
    if (!faulty)
        told->tell(told->user, "libraries", PROBE_GOOD, good->str);
}

void host_probe(const struct config *config, probe_tell *tell, void *user)
{
    const struct told *told = &(struct told){tell, user};

    probe_user(told, config);
    probe_modes(told, config);
    probe_umask(told);
    probe_core(told);
    probe_swap(told);
    probe_disk(told, config);
    probe_random(told);
    probe_time(told);
    probe_libraries(told);
}
