/*
 * Watches folders of this machine with inotify(7), so that `run` takes a new file at once.
 *
 *   watch = folder_watch_new();
 *   folder_watch_add(watch, "drop mcc", path) …            each folder
 *   folder_watch_begin(watch, interval);
 *   folder_watch_fds(watch, fds);                          wait for these, then:
 *   if (folder_watch_happened(watch)) …                    look at all folders
 *   folder_watch_free(watch);
 *
 * A watch belongs to the folder that stood at the path, not to the path. If that folder is renamed, deleted or
 * unmounted, another one must be watched. So a thread asks for each watch again every second: for the folder that is
 * watched already this changes nothing. When another folder stands at a path, its watch is new, and that counts as if
 * something had happened there. A folder that cannot be watched is tried again in the same way.
 *
 * Events of the folder itself, of its parents and of the table of mounts were the other design. It needs many watches,
 * still does not see every way in which a path comes to mean another folder, and wakes the gateway right in the moment
 * in which an operator has renamed the old folder and not yet made the new one.
 *
 * It is a thread because a path on a network disk that is gone may block whoever asks for it.
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_RUN_FOLDER_WATCH_H
#define ECOSGATE_GATEWAY_COMMANDS_RUN_FOLDER_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct folder_watch;

/* Never NULL. */
struct folder_watch *folder_watch_new(void);
/* Before folder_watch_begin: one more folder, which need not exist. `label` begins messages about it. Both are copied.
 */
void folder_watch_add(struct folder_watch *watch, const char *label, const char *path);
/* Watches all folders and starts the thread. What cannot be watched is logged, once for each cause; `interval` is how
 * often the caller looks at folders by itself, in seconds. */
void folder_watch_begin(struct folder_watch *watch, int64_t interval);
/* Sets two descriptors that become readable (POLLIN) when something happened; -1: none. */
void folder_watch_fds(const struct folder_watch *watch, int fds[2]);
/* Empties them. True if a file may have come into a folder. */
bool folder_watch_happened(struct folder_watch *watch);
/* Stops the thread, and notes what was not noted yet. One that is blocked by a folder is left behind, with what it
 * holds. NULL is allowed. */
void folder_watch_free(struct folder_watch *watch);

#endif
