/*
 * What one server may send, in bytes where nothing else is said. An answer over a limit ends the session with
 * SFTP_ERROR_PROTOCOL; the error text holds the value found and the limit. A length is refused as soon as it is
 * announced, before memory is taken for it.
 *
 * Each request knows how long its answer may be, so that a server cannot answer a request for a handle with 16 MiB.
 * One limit for all answers was the other design. It must be as large as the longest list, and 128 requests may be
 * under way.
 *
 * All limits together: one session takes at most SFTP_MOST_KEPT + SFTP_MOST_SSH and about 3 MiB, whatever the server
 * does. tests/e2e/sftp_limits.py holds the whole process to 64 MiB.
 */
#ifndef ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_LIMITS_H
#define ECOSGATE_GATEWAY_DROPS_SFTP_SFTP_LIMITS_H

enum sftp_limits {
    SFTP_LONGEST_HANDLE = 256,       /* as the draft says (section 6.3) */
    SFTP_LONGEST_NAME = 4096,        /* of a listed entry: PATH_MAX of Linux; no file system has longer names */
    SFTP_USUAL_NAME = 100,           /* of listed entries on average; names of the grammar have 60 to 70 */
    SFTP_LONGEST_LINE = 8192,        /* the line of `ls -l` beside a name, which nobody reads */
    SFTP_LONGEST_TEXT = 4096,        /* the words beside the code of a STATUS */
    SFTP_MOST_EXTENDED = 64,         /* extended attributes of one entry (a number) */
    SFTP_LONGEST_ANSWER = 16 * 1024, /* any answer but those that follow: a STATUS with its text is the longest */
    /* One answer to READDIR. Some servers list a whole folder in one: this is the longest packet that WinSCP takes.
     * OpenSSH's client and libssh2 take 256 KiB. */
    SFTP_LONGEST_LIST = 1024 * 1024,
    SFTP_LONGEST_GREETING = 64 * 1024,
    /* Answers that came before they were asked for. Of a large file 4 MiB are under way (sftp_stream.c). */
    SFTP_MOST_KEPT = 5 * 1024 * 1024,
    /* Requests without an answer (a number). About 140 are under way; each fetch leaves one CLOSE behind. */
    SFTP_MOST_ASKED = 2000,
    /* What libssh2 takes for one session. It sets no bound itself: it keeps packets that nobody waits for. A channel's
     * window of 4 MiB must fit. */
    SFTP_MOST_SSH = 6 * 1024 * 1024,
};

#endif
