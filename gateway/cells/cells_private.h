/*
 * Between the gateway (cells.c), the helper (cells_helper.c) and a cell (cell.c). The gateway asks the helper over a
 * socket of packets; descriptors come with them. What a cell says goes to the gateway by a socket of its own.
 */
#ifndef ECOSGATE_GATEWAY_CELLS_CELLS_PRIVATE_H
#define ECOSGATE_GATEWAY_CELLS_CELLS_PRIVATE_H

#include "formats/profile.h"
#include "formats/reading.h"
#include "gateway/cells/cells.h"
#include "gateway/guards/anew.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    CELLS_CONTROL = ANEW_SOCKET, /* the helper's descriptor of the socket */
    CELLS_CODE_SIZE = 8,
    CELLS_STEM_SIZE = FILENAME_MAX_BYTES + 1,
    CELLS_FDS = 2, /* with a packet at most */
};

enum cells_order_kind {
    CELLS_READ,    /* make a cell; with the content and the cell's socket */
    CELLS_PROBE,   /* make a cell that only greets; with two descriptors, too */
    CELLS_STATUS,  /* how did the last cell end? is answered once it has, by struct cells_status */
    CELLS_KILL,    /* end the last cell */
    CELLS_PROFILE, /* from now on you know this profile; with its files (cells_profile.c) */
};

/* A packet to the helper. All members are the gateway's own; none is a sender's but the stem. */
struct cells_order {
    enum cells_order_kind kind;
    char profile[PROFILE_DIGEST_SIZE]; /* its digest; "" where plain bytes are wanted */
    char type[CELLS_CODE_SIZE];
    enum form form;
    enum filename_pack pack;
    struct unpack_limits unpack;
    uint32_t max_records;
    uint64_t head;
    enum reading_signature signature;
    bool has_stem;
    size_t stem_len;
    char stem[CELLS_STEM_SIZE];
};

/* How the last cell ended. */
struct cells_status {
    bool made; /* false: errnum says why not; 0: its profile is not known */
    int errnum;
    int status; /* of waitpid */
};

/* The gateway's side of the helper. */
struct cells {
    struct readings readings; /* first */
    enum cells_mode mode;
    int control;       /* -1: there is no helper */
    pid_t helper;      /* to be waited for; 0: none */
    bool ended;        /* it has ended without being asked to, and nobody was told yet */
    GHashTable *known; /* digests of the profiles that it knows */
    int64_t silence;   /* milliseconds that a cell may say nothing */
    bool alone;        /* there is never a helper: cells are copies of this process (cells_alone.c) */
    pid_t cell;        /* the last of those; to be waited for; 0: none */
};

/* Sends the order, and starts a helper where there is none. fds: CELLS_FDS of them; NULL: none. False: no helper can be
 * had (READING_ERROR_UNABLE). (cells.c) */
bool cells_send(struct cells *cells, const struct cells_order *order, const int *fds, GError **error);

/* Where there is no helper: makes a cell, with the descriptors of CELLS_READ, and ends the one before. False: there can
 * be none (READING_ERROR_UNABLE). (cells_alone.c, like those that follow) */
bool cells_alone_make(struct cells *cells, const struct cells_order *order, const struct profile *profile,
                      const int *fds, GError **error);
/* How the last cell ended; waits for its end. */
void cells_alone_status(struct cells *cells, struct cells_status *status);
/* Ends the last cell if it has not ended, and waits for it. */
void cells_alone_end(struct cells *cells);

/* Sets READING_ERROR_UNABLE: what could not be done, by which errno. Returns false. (cells.c) */
bool cells_unable(GError **error, const char *what, int errnum);

/* Sends an order, with CELLS_FDS descriptors; fds NULL: with none. False: nobody is there any more. (cells_packet.c) */
bool cells_packet_send(int socket, const struct cells_order *order, const int *fds);

/* Waits for an order and its descriptors; -1 where one is missing. False: nobody is there any more. (cells_packet.c) */
bool cells_packet_take(int socket, struct cells_order *order, int *fds);

/* Asks how the last cell ended, and waits for its end. False: the helper has ended. (cells.c) */
bool cells_ask_status(struct cells *cells, struct cells_status *status);

/* Opens a reading that a cell does. (cell_reading.c) */
struct reading *cells_open_reading(const struct readings *by, const struct reading_request *request);

/* What the helper does with its socket at CELLS_CONTROL; ends the process. (cells_helper.c) */
void cells_helper_main(void) __attribute__((noreturn));

/* What a cell does: its two descriptors are moved to where cell_guard.h says. profile NULL: plain bytes are wanted.
 * guards: those that are in force already. Ends the process. (cell.c) */
void cell_main(const struct cells_order *order, const struct profile *profile, const int *fds, uint32_t guards)
    __attribute__((noreturn));

/* The files of a profile in memory: a descriptor; -1: errno says why not. (cells_profile.c) */
int cells_profile_pack(const struct profile *profile);

/* The profile of such a descriptor; NULL: it has faults, which cannot be. (cells_profile.c) */
struct profile *cells_profile_unpack(int fd);

#ifdef ECOSGATE_CRASH_POINTS
/* A fault of a parser, as the environment orders it (cell_attack.c). record: the ordinal of that which was read. */
void cell_attack(uint32_t record);
#endif

#endif
