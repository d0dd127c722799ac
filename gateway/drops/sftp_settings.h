/*
 * What a drop with transport=sftp has besides the settings of every drop: drop->settings points to it.
 */
#ifndef ECOSGATE_GATEWAY_DROPS_SFTP_SETTINGS_H
#define ECOSGATE_GATEWAY_DROPS_SFTP_SETTINGS_H

#include "gateway/drops/drop.h"
#include "gateway/drops/sftp/sftp.h"

struct config_loading;

struct sftp_settings {
    struct sftp_peer peer; /* its texts are owned here; "" where a setting is empty */
    char *taken;           /* folder on the server that files are moved to once they are in the spool; "": removed */
};

/* The names of these settings; NULL-terminated. */
extern const char *const sftp_keys[];

/* The settings of a drop with this transport. Borrowed. */
const struct sftp_settings *sftp_settings_of(const struct drop *drop);
/* A new session with its server; sftp_free. */
struct sftp *sftp_settings_session(const struct drop *drop);
/* Member load of the transport. */
void sftp_settings_load(struct config_loading *loading, const char *group, struct drop *drop);
/* Member folder_key of the transport: user, host, port and path. Servers give users roots of their own, so folders of
 * two users count as two. */
char *sftp_settings_folder_key(const struct drop *drop, const char *folder);
/* Member free_settings of the transport. */
void sftp_settings_free(void *settings);

#endif
