/*
 * Fuzz target: any bytes as a packet of the process of an SFTP session, and packets of its own with wrong bytes.
 * - What the gateway takes has names that are names, texts that end, and sizes of files that are none below zero.
 * - What is taken and put again is taken as the same.
 */
#include "gateway/drops/sftp/apart_message.h"
#include "gateway/drops/sftp/sftp_limits.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_WRONG = 8 };

static bool check_name(void *user, const char *name, const struct sftp_attributes *attributes)
{
    unsigned *n = user;

    g_assert(*name != '\0' && strlen(name) <= SFTP_LONGEST_NAME && strchr(name, '/') == NULL);
    g_assert(strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
    g_assert(!attributes->sized || attributes->size >= 0);
    return ++*n < 100;
}

static struct apart_packet packet_of(enum apart_kind kind, GVariant *payload)
{
    return (struct apart_packet){kind, 1, g_variant_get_data(payload), g_variant_get_size(payload)};
}

/* Whether it was an answer. */
static bool check_answer(const struct apart_packet *packet)
{
    struct sftp_server server = {0}, again = {0};
    struct apart_answer answer, same;
    g_autoptr(GVariant) taken = apart_get_answer(packet, &answer, &server);

    if (taken == NULL)
        return false;
    g_assert(!answer.attributes.sized || answer.attributes.size >= 0);
    g_autoptr(GVariant) put = apart_put_answer(&answer);
    const struct apart_packet packet_again = packet_of(APART_ANSWER, put);
    g_autoptr(GVariant) taken_again = apart_get_answer(&packet_again, &same, &again);
    g_assert(taken_again != NULL && strcmp(same.text, answer.text) == 0 && same.code == answer.code &&
             same.good == answer.good && same.number == answer.number && same.there == answer.there &&
             same.attributes.size == answer.attributes.size && (same.server != NULL) == (answer.server != NULL));
    g_assert(answer.server == NULL || g_strcmp0(server.banner, again.banner) == 0);
    sftp_server_clear(&server);
    sftp_server_clear(&again);
    return true;
}

static void check_request(const struct apart_packet *packet)
{
    struct apart_request request, same;
    g_autoptr(GVariant) taken = apart_get_request(packet, &request);

    if (taken == NULL)
        return;
    g_autoptr(GVariant) put = apart_put_request(&request);
    const struct apart_packet again = packet_of(APART_REQUEST, put);
    g_autoptr(GVariant) taken_again = apart_get_request(&again, &same);
    g_assert(taken_again != NULL && same.call == request.call && strcmp(same.path, request.path) == 0 &&
             strcmp(same.to, request.to) == 0 && same.rights.mode == request.rights.mode);
}

static void check_all(const uint8_t *data, size_t size)
{
    struct apart_packet packet = {APART_ANSWER, 1, data, size};
    unsigned names = 0;
    bool enough = false;

    (void)check_answer(&packet);
    packet.kind = APART_REQUEST;
    check_request(&packet);
    packet.kind = APART_ENTRIES;
    (void)apart_get_entries(&packet, check_name, &names, &enough);
    g_assert(names <= 100);
}

/* An answer with texts of these bytes is taken; with some bytes of it changed, it is taken or not. */
static void check_changed(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    char *extensions[] = {text, (char *)"fsync@openssh.com", NULL};
    const struct sftp_server server = {.banner = text, .trusted = true, .version = 3, .extensions = extensions};
    const struct apart_answer answer = {
        .good = true, .text = text, .attributes = {.sized = true, .size = (int64_t)size}, .server = &server};
    g_autoptr(GVariant) put = apart_put_answer(&answer);
    struct apart_packet packet = packet_of(APART_ANSWER, put);

    g_assert(check_answer(&packet));
    g_autofree uint8_t *changed = g_memdup2(packet.payload, packet.len);
    for (size_t i = 0; i + 1 < size && i < (size_t)2 * MAX_WRONG; i += 2)
        changed[(size_t)(data[i] << 8 | data[i + 1]) % packet.len] ^= (uint8_t)(data[i] | 1);
    check_all(changed, packet.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree uint8_t *aligned = g_memdup2(data, size); /* as the buffer of a socket is */

    check_all(aligned != NULL ? aligned : data, size);
    check_changed(data, size);
    return 0;
}
