/*
 * The session itself, in the process that calls: what the process of a session does (apart_serve.c), and what tests of
 * the client link. Contracts are those of sftp.h; each call here is the one of the same name there. Nothing interrupts
 * them: who wants that ends the process.
 */
#ifndef ECOSGATE_GATEWAY_DROPS_SFTP_DIRECT_H
#define ECOSGATE_GATEWAY_DROPS_SFTP_DIRECT_H

#include "gateway/drops/sftp/sftp.h"

struct direct;
/* The first call initialises libssh2. */
struct direct *direct_new(const struct sftp_peer *peer);
/* on_wait is called whenever the session waits for its server, and at least once a second while it does. */
void direct_on_wait(struct direct *sftp, void (*on_wait)(void));
/* As sftp_free. */
void direct_free(struct direct *sftp);
/* The first part of sftp_connect, before which no byte of the server was seen: all that takes files, name services and
 * new sockets. Disconnects before. UNREACHABLE, HOST_KEY. */
bool direct_reach(struct direct *sftp, GError **error);
/* Its second part, which takes none of them. *disagreed: there is a server, but no set of algorithms that both sides
 * can use. */
bool direct_connect(struct direct *sftp, bool *disagreed, GError **error);
/* As sftp_is_connected. */
bool direct_is_connected(struct direct *sftp);
/* As sftp_disconnect. */
void direct_disconnect(struct direct *sftp);
/* The socket of the server; -1: none. */
int direct_socket(const struct direct *sftp);
/* As sftp_server. */
const struct sftp_server *direct_server(const struct direct *sftp);
/* As sftp_offers. */
bool direct_offers(const struct direct *sftp, const char *extension);

/* As sftp_list. */
bool direct_list(struct direct *sftp, const char *folder, sftp_visit *visit, void *user, GError **error);
/* As sftp_lstat. */
bool direct_lstat(struct direct *sftp, const char *path, struct sftp_attributes *attributes, GError **error);
/* As sftp_find_type. */
bool direct_find_type(struct direct *sftp, const char *path, struct sftp_attributes *attributes, GError **error);
/* As sftp_look_inside. */
bool direct_look_inside(struct direct *sftp, const char *path, struct sftp_attributes *attributes, GError **error);
/* As sftp_read. */
bool direct_read(struct direct *sftp, struct sftp_fetch *fetch, GError **error);

struct direct_upload;
/* As sftp_upload_onto. */
struct direct_upload *direct_upload_onto(struct direct *sftp, const char *path, enum sftp_target target,
                                         GError **error);
/* As sftp_upload_write. */
bool direct_upload_write(struct direct_upload *upload, const char *data, size_t len, GError **error);
/* As sftp_upload_finish. */
bool direct_upload_finish(struct direct_upload *upload, struct sftp_attributes *after, GError **error);
/* As sftp_upload_is_there. */
bool direct_upload_is_there(const struct direct_upload *upload);
/* As sftp_upload_free. */
void direct_upload_free(struct direct_upload *upload);
/* As sftp_rename. */
bool direct_rename(struct direct *sftp, const char *from, const char *to, GError **error);
/* As sftp_rename_and_look. */
bool direct_rename_and_look(struct direct *sftp, const char *from, const char *to, bool *there, GError **error);
/* As sftp_move. */
bool direct_move(struct direct *sftp, const char *from, const char *to, struct sftp_moved *moved, GError **error);
/* As sftp_remove. */
bool direct_remove(struct direct *sftp, const char *path, GError **error);
/* As sftp_upload_grant. */
bool direct_upload_grant(struct direct_upload *upload, const struct file_rights *rights, GError **error);
/* As sftp_grant. */
bool direct_grant(struct direct *sftp, const char *path, const struct file_rights *rights, GError **error);
/* As sftp_make_folder. */
bool direct_make_folder(struct direct *sftp, const char *path, GError **error);
/* As sftp_free_space. */
bool direct_free_space(struct direct *sftp, const char *path, uint64_t *bytes, GError **error);
typedef struct direct_upload direct_upload_t;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(direct_upload_t, direct_upload_free)

#endif
