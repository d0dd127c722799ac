/* The CSV reader: what good and faulty documents give, and where, whatever the size of the pieces. */
#include "formats/profile.h"
#include "formats/reader.h"
#include "formats/text.h"
#include "tests/unit/fault_kinds.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

#define H "H,EMI,1.0,S,R,2,W,TEST,B,\n"
#define D1 "D,1,d,t,m,n,f,,,c,1\n"
#define D2 "D,2,d,t,m,n,f,,,c,1\n"
#define T1 "T,1\n"
#define T2 "T,2\n"
#define X8 "xxxxxxxx"
#define X64 X8 X8 X8 X8 X8 X8 X8 X8
#define E8 "éééééééé"
#define E64 E8 E8 E8 E8 E8 E8 E8 E8 /* more bytes than characters */

#define MISSING(expected, found, column)                                                                               \
    "expected " expected " fields, found " found ": expected " column " here, found the line's end\n"
#define TOO_MANY(expected, found, last)                                                                                \
    "expected " expected " fields, found " found ": expected the line's end after " last                               \
    "; a value that holds a comma stands in quotes\n"
#define PADDED(expected, found, last)                                                                                  \
    "expected " expected " fields, found " found ": expected the line's end after " last                               \
    "; the fields behind it are empty, as a spreadsheet adds them: remove their commas\n"
#define SEPARATED_BY(name, c) "fields are separated by " name " (" c "), expected commas (',')\n"
#define CUT_IN(what, field, of)                                                                                        \
    "expected the T record last, found the end of the file within " what ", field " field " of " of                    \
    "; send the whole file\n"

enum { MAX_RECORDS = 5 };

/* What the reader has given, one line each. */
struct log {
    GString *all, *faults;
    struct reader *reader;
    bool stop_at_first;
};

static void add_fields(GString *out, const struct record *record)
{
    for (size_t i = 0; i < record->n_fields; i++) {
        const struct field *f = &record->fields[i];
        if (!f->text) /* the Mode, which this type does not have */
            continue;
        g_autofree char *text = text_escape(f->text, f->len, 0);
        g_string_append_printf(out, " %u:%u=%s", f->at.line, f->at.column, text);
    }
    g_string_append_c(out, '\n');
}

static void on_header(void *user, const struct record *record)
{
    struct log *log = user;
    g_string_append_printf(log->all, "header %u:%u", record->at.line, record->at.column);
    add_fields(log->all, record);
}

static void on_record(void *user, const struct record *record)
{
    struct log *log = user;
    g_string_append_printf(log->all, "record %u %u:%u", record->ordinal, record->at.line, record->at.column);
    add_fields(log->all, record);
    if (log->stop_at_first)
        reader_stop(log->reader);
}

static void on_count(void *user, const struct field *f)
{
    struct log *log = user;
    g_string_append_printf(log->all, "count %u:%u %.*s\n", f->at.line, f->at.column, (int)f->len, f->text);
}

static void on_fault(void *user, const struct fault *f)
{
    struct log *log = user;
    g_autofree char *value = f->value ? text_escape(f->value, f->value_len, 24) : g_strdup("-");
    g_autofree char *line = g_strdup_printf("%s %u:%u #%u %s [%s] %s\n", fault_kinds[f->kind], f->at.line, f->at.column,
                                            f->ordinal, f->field ? f->field : "-", value, f->text);
    g_string_append(log->all, line);
    g_string_append(log->faults, line);
}

static void read_in_pieces(struct log *log, const char *data, size_t len, size_t piece)
{
    const struct reader_limits limits = {MAX_RECORDS};
    const struct reader_sink sink = {log, on_header, on_record, on_count, on_fault};

    log->all = g_string_new(NULL);
    log->faults = g_string_new(NULL);
    log->reader = reader_new(FORM_CSV, profile_type(profile_builtin(), "EMI", 3), &limits, &sink);
    for (size_t i = 0; i < len; i += piece) {
        /* A copy of its exact size, so that the sanitizer sees a read beyond its end. */
        g_autofree char *copy = g_memdup2(data + i, MIN(piece, len - i));
        if (!reader_push(log->reader, copy, MIN(piece, len - i)))
            break;
    }
    reader_finish(log->reader);
    g_string_append_printf(log->all, "records %u\n", reader_records(log->reader));
    reader_free(log->reader);
}

static void log_clear(struct log *log)
{
    g_string_free(log->all, TRUE);
    g_string_free(log->faults, TRUE);
}

/* Reads the document whole and in pieces of several sizes: all must give the same. */
static void read_document(struct log *log, const char *data, size_t len)
{
    static const size_t pieces[] = {1, 2, 3, 7, 4096};

    read_in_pieces(log, data, len, MAX(len, 1));
    for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
        struct log again = {.stop_at_first = log->stop_at_first};
        read_in_pieces(&again, data, len, pieces[i]);
        assert_string_equal(again.all->str, log->all->str);
        log_clear(&again);
    }
}

static void expect_faults(const char *data, size_t len, const char *faults)
{
    struct log log = {0};
    read_document(&log, data, len);
    assert_string_equal(log.faults->str, faults);
    log_clear(&log);
}

static void test_csv_reader__good_file__gives_events_in_order(void **state)
{
    static const char good[] = "H,EMI,1.0,S,R,2,W,TEST,B,\r\n"
                               "D,1,\"d,\"\"q\"\"\",é,m,n,f,,,c,1\r\n"
                               "\"D\",\"2\",\"a\nb\",t,m,n,f,,\"\",c,1\r\n"
                               "T,2";
    struct log log = {0};

    (void)state;
    read_document(&log, good, sizeof good - 1);
    assert_string_equal(log.all->str, "header 1:1 1:11=S 1:13=R 1:15=2 1:17=W 1:19=TEST 1:24=B 1:26=\n"
                                      "record 1 2:1 2:3=1 2:5=d,\"q\" 2:15=é 2:17=m 2:19=n 2:21=f 2:23= 2:24="
                                      " 2:25=c 2:27=1\n"
                                      "record 2 3:1 3:5=2 3:9=a\\x0Ab 4:4=t 4:6=m 4:8=n 4:10=f 4:12= 4:13="
                                      " 4:16=c 4:18=1\n"
                                      "count 5:3 2\n"
                                      "records 2\n");
    log_clear(&log);
}

#define BLANKS "a blank stands after each comma, which makes it part of the value; expected none\n"

static const struct {
    const char *text, *faults;
} documents[] = {
    /* The frame */
    {H D1 T1 "", ""},
    {H T1, ""},
    {D1 T1, "HEADER 1:1 #1 - [D,1,d,t,m,n,f,,,c,1] expected the H record first, found a D record\n"},
    {D1 H T1, "HEADER 1:1 #1 - [D,1,d,t,m,n,f,,,c,1] expected the H record first, found a D record\n"},
    {H H T1, "HEADER 2:1 #0 - [H,EMI,1.0,S,R,2,W,TEST,…] expected no second H record, found an H record\n"},
    {H D1, "TRAILER 2:1 #0 - [-] expected a T record last, found the end after a D record\n"},
    {H, "TRAILER 1:1 #0 - [-] expected a T record last, found the end after an H record\n"},
    {H D1 T1 D2 T2 "\n", "TRAILER 4:1 #2 - [D,2,d,t,m,n,f,,,c,1] expected nothing after the T record, found a D "
                         "record\n"},
    {H T1 "\n\n", "TRAILER 3:1 #0 - [] expected nothing after the T record, found an empty line\n"},
    {H "\n" T1, "FIELDS 2:1 #0 - [] expected a record H, D or T, found an empty line\n"},
    {H "Dx,1\n" T1, "FIELDS 2:1 #0 - [Dx,1] expected a record H, D or T, found \"Dx\"\n"},
    {H "\"D\"x,1\n" T1, "QUOTING 2:4 #0 RecordType [\"D\"x] expected a comma or the line's end after a closing quote, "
                        "found \"x\"\n"},
    {H "d,1\n" T1, "FIELDS 2:1 #0 - [d,1] expected a record H, D or T, found \"d\"; write it in upper case\n"},
    {"RecordType,Type\n" H T1, "HEADER 1:1 #0 - [RecordType,Type] expected the H record first, found \"RecordType\"\n"},
    {"sep=,\n" H T1, "HEADER 1:1 #0 - [sep=,] expected the H record first, found \"sep=\", which only a spreadsheet "
                     "reads; remove this line\n"},
    {H D1 "T,1,,,\n", "FIELDS 3:5 #0 - [] " PADDED("2", "5", "Count")},
    {H "D,1,d,t,m,n,f,,,c,1,\n" T1, "FIELDS 2:21 #1 - [] " PADDED("11", "12", "Attempt")},
    {H "D,1,d,t,m,n,f,,,c,1,,x\n" T1, "FIELDS 2:21 #1 - [] " TOO_MANY("11", "13", "Attempt")},
    {H "D\n" T1, "FIELDS 2:2 #1 RecordNumber [D] " MISSING("11", "1", "RecordNumber")},
    {H "\"D\",1\n" T1, "FIELDS 2:6 #1 DeviceID [\"D\",1] " MISSING("11", "2", "DeviceID")},
    {H D1 "D,2,,,,,,,,,,\n" T2, "FIELDS 3:14 #2 - [] " PADDED("11", "12", "Attempt")},
    {H D1 "T,1,2\n", "FIELDS 3:5 #0 - [2] " TOO_MANY("2", "3", "Count")},
    {H D1 "T\n", "FIELDS 3:2 #0 Count [T] " MISSING("2", "1", "Count")},
    {H D1 "T,\"1\n", "QUOTING 3:3 #0 Count [\"1] expected a closing quote, found none\n"},
    {"H,EMI,1.0,S\n" T1, "FIELDS 1:12 #0 RecipientId [H,EMI,1.0,S] " MISSING("10", "4", "RecipientId")},
    {"H,EMT,2.0,S,R,2,W,TEST,B,\n" T1, "TYPE 1:3 #0 Type [EMT] expected EMI, found \"EMT\"\n"
                                       "ROOT 1:7 #0 LayoutVersion [2.0] expected 1.0, found \"2.0\"\n"},
    {H "D,1,d,t,m,n,f,1,01235E+12,,c,1\n" T1,
     "FIELDS 2:15 #1 MPxN [D,1,d,t,m,n,f,1,01235E+…] expected 11 fields, found 12: \"1,01235E+12\" is a number with a "
     "decimal comma; write all its digits, without a comma\n"},
    /* Another separator is told once, whatever the number of lines */
    {"H;EMI;1.0;S;R;2;W;TEST;B;\nD;1;d;t;m;n;f;1,01E+12;;c;1\nD;2\nT;2\n",
     "FIELDS 1:2 #0 - [H;EMI;1.0;S;R;2;W;TEST;…] " SEPARATED_BY("semicolons", "';'")},
    {"\"H\"\t\"EMI\"\r\nD\t1\tan, other\r\nT\t1", "FIELDS 1:4 #0 - [\"H\"\\x09\"EMI\"] " SEPARATED_BY("tabs", "'\\t'")},
    {H "D|1|d\nD|2|d\nT|2\n", "FIELDS 2:2 #1 - [D|1|d] " SEPARATED_BY("vertical bars", "'|'")},
    {H "D|1|d\nD;2;d\nT,2\n", "FIELDS 2:2 #1 - [D|1|d] " SEPARATED_BY("vertical bars", "'|'") //
     "FIELDS 3:2 #2 - [D;2;d] " SEPARATED_BY("semicolons", "';'")},
    {H "D ,1\n" T1, "FIELDS 2:2 #1 - [D ,1] " SEPARATED_BY("blanks", "' '")},
    {H "D ,1,\n" T1, "FIELDS 2:1 #0 - [D ,1,] expected a record H, D or T, found \"D \"\n"},
    {"D;1;d\nT;1\n", "HEADER 1:1 #1 - [D;1;d] expected the H record first, found a D record\n"
                     "FIELDS 1:2 #1 - [D;1;d] " SEPARATED_BY("semicolons", "';'")},
    {"H;EMI\nD;1", "FIELDS 1:2 #0 - [H;EMI] " SEPARATED_BY("semicolons", "';'") //
     "TRAILER 2:1 #0 - [-] expected a T record last, found the end after a D record\n"},
    /* A text that was cut */
    {H D1 "D,2,d,t", "CUT 3:8 #2 DeviceType [D,2,d,t] " CUT_IN("a D record", "4", "11")},
    {H "D", "CUT 2:2 #1 RecordType [D] " CUT_IN("a D record", "1", "11")},
    {H "D,1,d,\xc3", "CUT 2:7 #1 DeviceType [D,1,d,\\xC3] " CUT_IN("a D record", "4", "11")},
    {H "D,1,d,t,m,n,f,,,c,1\xc3", "CUT 2:20 #1 Attempt [D,1,d,t,m,n,f,,,c,1\\xC3] " CUT_IN("a D record", "11", "11")},
    {H "D,1,d,t,m,n,f,,,c,1", "TRAILER 2:1 #0 - [-] expected a T record last, found the end after a D record\n"},
    {"H,EMI,1.0,S", "CUT 1:12 #0 SenderId [H,EMI,1.0,S] " CUT_IN("an H record", "4", "10")},
    {H D1 "D,2,\"d,t\nu", "CUT 4:2 #2 DeviceID [D,2,\"d,t\\x0Au] " CUT_IN("a D record", "3", "11")},
    {H D1 "\"D", "CUT 3:3 #0 RecordType [\"D] expected the T record last, found the end of the file within a record; "
                 "send the whole file\n"},
    {H D1 "T", "CUT 3:2 #0 RecordType [T] " CUT_IN("a T record", "1", "2")},
    {H D1 "T,", "CUT 3:3 #0 Count [T,] expected the number of D records and the line's end, found the end of the file; "
                "send the whole file\n"},
    {"H,EMI,1.0,S,R,2,W,TEST,B,\r\nT,0\r",
     "CUT 2:4 #0 - [-] expected LF after the CR of the T record, found the end of "
     "the file; send the whole file\n"},
    {"H,EMI,1.0,S,R,2,W,TEST,B,\r\nD,1,d,t,m,n,f,,,c,1\r", "CUT 2:20 #0 - [-] expected the T record last, found the "
                                                           "end of the file within a line end; send the whole file\n"},
    {"D,1,d", "HEADER 1:1 #1 - [D,1,d] expected the H record first, found a D record\n"
              "CUT 1:6 #1 DeviceID [D,1,d] " CUT_IN("a D record", "3", "11")},
    /* Blanks after commas are told once, whatever the number of lines */
    {"H, EMI, 1.0, S, R, 2, W, TEST, B, \nD, 1, d, t, m, n, f, , , c, 1\nT, 1\n",
     "QUOTING 1:3 #0 - [H, EMI, 1.0, S, R, 2, W…] " BLANKS},
    {H "D, 1, d, t, m, n, f, , , c, 1\n" T1, "QUOTING 2:3 #1 - [D, 1, d, t, m, n, f, , …] " BLANKS},
    {H "D,1, d,t,m,n,f,,,c,1\n" T1, ""},
    {H D1 "T, 1\n", ""},
    /* Lines that end in CR alone make one record; nothing is missing from it. */
    {"H,EMI,1.0,S,R,2,W,TEST,B,\rD,1,d,t,m,n,f,,,c,1\rT,1\r",
     "QUOTING 1:26 #0 ResubmissionOf [\\x0DD] expected CRLF or LF, found a lone CR\n"},
    /* Quoting */
    {H "D,1,d\"x,t,m,n,f,,,c,1\n" T1,
     "QUOTING 2:6 #1 DeviceID [d\"x] expected no quote inside an unquoted field, found one\n"},
    {H "D,1,\"d\" ,t,m,n,f,,,c,1\n" T1,
     "QUOTING 2:8 #1 DeviceID [\"d\" ] expected a comma or the line's end after a closing quote, "
     "found \" \"\n"},
    {H "D,1,d,t\r,m,n,f,,,c,1\n" T1, "QUOTING 2:8 #1 DeviceType [t\\x0D] expected CRLF or LF, found a lone CR\n"},
    {H "D,1,\"d\n" D2 T2, "QUOTING 2:5 #1 DeviceID [\"d] expected a closing quote, found none\n"},
    {H "D,1,d,t,m,n,f,,,c,1\r\n" T1, "QUOTING 2:20 #1 - [\\x0D\\x0A] expected LF as in the lines before, found CRLF\n"},
    {"H,EMI,1.0,S,R,2,W,TEST,B,\r\n" D1 T1,
     "QUOTING 2:20 #1 - [\\x0A] expected CRLF as in the lines before, found LF\n"},
    {H "D,1,d\"x,t,m,n,f,,,c,1\r\n" T1,
     "QUOTING 2:6 #1 DeviceID [d\"x] expected no quote inside an unquoted field, found one\n"
     "QUOTING 2:22 #1 - [\\x0D\\x0A] expected LF as in the lines before, found CRLF\n"},
    /* Limits */
    {H "D,1,d,t,m,n,f," X64 "x,,c,1\n" T1,
     "LIMIT 2:15 #1 MPxN [xxxxxxxxxxxxxxxxxxxxxxx…] expected at most 64 characters, found 65\n"},
    {H "D,1,d,t,m,n,f," X64 ",,c,1\n" T1, ""},
    {H "D,1,d,t,m,n,f," E64 ",,c,1\n" T1, ""},
    {"H,EMI,1.0,S,R,2,W,TEST," X64 X64 "x,\n" T1,
     "LIMIT 1:24 #0 BatchId [xxxxxxxxxxxxxxxxxxxxxxx…] expected at most 128 characters, found "
     "129\n"},
    {H "T," X64 "1\n", "LIMIT 2:3 #0 Count [xxxxxxxxxxxxxxxxxxxxxxx…] expected at most 64 characters, found 65\n"},
    {H D1 D1 D1 D1 D1 D1 "x", "LIMIT 7:1 #0 - [-] expected at most 5 records, found more\n"},
    /* Encoding */
    {"\xef\xbb\xbf" H T1, "ENCODING 1:1 #0 - [-] expected UTF-8 without byte order mark, found a "
                          "byte order mark\n"},
    {"\xff\xfeH", "ENCODING 1:1 #0 - [-] expected UTF-8, found the first bytes of UTF-16 or "
                  "UTF-32; save the file as UTF-8\n"},
    {H "D,1,é\xe9,t,m,n,f,,,c,1\n" T1, "ENCODING 2:6 #1 DeviceID [\\xE9] expected UTF-8 without NUL, found byte E9\n"},
    {H "D,1,\"\xe9\",t,m,n,f,,,c,1\n" T1,
     "ENCODING 2:6 #1 DeviceID [\\xE9] expected UTF-8 without NUL, found byte E9\n"},
    {H "D,1\"\xe9\n" T1, "QUOTING 2:4 #1 RecordNumber [1\"\\xE9] expected no quote inside an "
                         "unquoted field, found one\n"
                         "ENCODING 2:5 #1 - [\\xE9] expected UTF-8 without NUL, found byte E9\n"},
    /* The first bytes */
    {"", "EMPTY 0:0 #0 - [-] expected content, found an empty file\n"},
    {" \r\n\t\n", "EMPTY 0:0 #0 - [-] expected content, found nothing but white space\n"},
    {"\n <?xml", "FORM 2:2 #0 - [<?xm] expected CSV, found XML, which begins with \"<?xm\"\n"},
    {"\x1f\x8b\x08zz", "FORM 1:1 #0 - [\\x1F\\x8B\\x08z] expected CSV, found gzip data, which begins "
                       "with \"\\x1F\\x8B\\x08z\"\n"},
    {"PK\3\4zz", "FORM 1:1 #0 - [PK\\x03\\x04] expected CSV, found a zip archive, which begins with "
                 "\"PK\\x03\\x04\"\n"},
    {"%PDF-1.7\n", "FORM 1:1 #0 - [%PDF] expected CSV, found a PDF document, which begins with \"%PDF\"\n"},
    {"\n<!DOCTYPE html>\n<html>",
     "FORM 2:1 #0 - [<!DO] expected CSV, found a page of HTML, which begins with \"<!DO\"\n"},
    {"{\"error\": 502}", "FORM 1:1 #0 - [{\"er] expected CSV, found JSON, which begins with \"{\"er\"\n"},
    {"\xfe\xff\0H",
     "ENCODING 1:1 #0 - [-] expected UTF-8, found the first bytes of UTF-16 or UTF-32; save the file as UTF-8\n"},
    {"H,EMI,1.0,S,R,2,W,TEST,B\xe9,\n" T1,
     "ENCODING 1:25 #0 BatchId [\\xE9] expected UTF-8 without NUL, found byte E9\n"},
    /* The whole file twice */
    {H D1 T1 H D1 T1,
     "HEADER 4:1 #0 - [H,EMI,1.0,S,R,2,W,TEST,…] expected no second H record, found an H record\n"
     "TRAILER 4:1 #0 - [H,EMI,1.0,S,R,2,W,TEST,…] expected nothing after the T record, found an H record\n"},
    /* The other separators */
    {H "D^1^d\n" T1, "FIELDS 2:2 #1 - [D^1^d] " SEPARATED_BY("carets", "'^'")},
    {H "D~1~d\n" T1, "FIELDS 2:2 #1 - [D~1~d] " SEPARATED_BY("tildes", "'~'")},
    {H "D:1:d\n" T1, "FIELDS 2:2 #1 - [D:1:d] " SEPARATED_BY("colons", "':'")},
};

static void test_csv_reader__faulty_document__gives_place_ordinal_field_value(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(documents); i++)
        expect_faults(documents[i].text, strlen(documents[i].text), documents[i].faults);
}

static void test_csv_reader__utf_16_without_mark__gives_one_fault(void **state)
{
    static const char text[] = "H\0,\0E\0M\0I\0\r\0\n\0";

    (void)state;
    expect_faults(text, sizeof text - 1,
                  "ENCODING 1:1 #0 - [-] expected UTF-8, found the first bytes of UTF-16 or UTF-32; save the file as "
                  "UTF-8\n");
}

static void test_csv_reader__nul__gives_one_fault_and_ends(void **state)
{
    static const char text[] = H "D,1,\0,t\nx\n";

    (void)state;
    expect_faults(text, sizeof text - 1,
                  "ENCODING 2:5 #1 DeviceID [\\x00] expected UTF-8 without NUL, found byte 00\n");
}

static void test_csv_reader__open_quote__later_records_are_read(void **state)
{
    static const char text[] = H "D,1,\"d,t,m,n,f,,,c,1\n" D2 T2;
    struct log log = {0};

    (void)state;
    read_document(&log, text, sizeof text - 1);
    assert_non_null(strstr(log.all->str, "record 2 3:1 3:3=2 "));
    assert_non_null(strstr(log.all->str, "count 4:3 2\nrecords 2\n"));
    log_clear(&log);
}

static void test_csv_reader__field_too_long__cut_and_emitted(void **state)
{
    static const char text[] = H "D,1,é" X64 ",t,m,n,f,,,c,1\n" T1;
    struct log log = {0};

    (void)state;
    read_document(&log, text, sizeof text - 1);
    assert_non_null(strstr(log.faults->str, "LIMIT 2:5 #1 DeviceID "));
    assert_null(strstr(log.all->str, "2:5=é" X64));
    assert_non_null(strstr(log.all->str, " 2:71=t"));
    log_clear(&log);
}

static char *long_record(const char *before, char filler, size_t n, const char *after)
{
    g_autofree char *middle = g_strnfill(n, filler);
    return g_strconcat(before, middle, after, NULL);
}

static void test_csv_reader__blanks_behind_the_first_byte__not_all_shown(void **state)
{
    g_autofree char *text = long_record("<", '\t', 30000, "x\n");

    (void)state;
    expect_faults(text, strlen(text),
                  "FORM 1:1 #0 - [<\\x09\\x09\\x09] expected CSV, found XML, which begins with \"<\\x09\\x09\\x09\"\n");
}

static void test_csv_reader__record_too_long__given_up_and_next_line_read(void **state)
{
    g_autofree char *plain = long_record(H "D,1,", 'x', 70000, "\n" D2 T2);
    g_autofree char *quoted = long_record(H "D,1,\"x\n" D2, 'x', 70000, "\n" T2);
    g_autofree char *most = long_record(H "D,1,d,t,m,n,f,,,c,", 'x', 65536 - 18, "\n" T1);

    (void)state;
    expect_faults(plain, strlen(plain),
                  "LIMIT 2:1 #1 - [D,1,xxxxxxxxxxxxxxxxxxx…] expected a record of at most 65536 "
                  "bytes, found a longer one\n");
    expect_faults(quoted, strlen(quoted),
                  "QUOTING 2:5 #1 DeviceID [\"x] expected a closing quote, "
                  "found none\n"
                  "LIMIT 4:1 #0 - [xxxxxxxxxxxxxxxxxxxxxxx…] expected a record of at most 65536 "
                  "bytes, found a longer one\n");
    expect_faults(most, strlen(most),
                  "LIMIT 2:19 #1 Attempt [xxxxxxxxxxxxxxxxxxxxxxx…] expected at most 64 "
                  "characters, found 65518\n");
}

/* Header and the line over and over, 4 MiB in all. */
static GString *text_of(const char *line)
{
    GString *text = g_string_new(H);
    size_t len = strlen(line);

    while (text->len < 4u << 20)
        g_string_append_len(text, line, (gssize)len);
    return text;
}

/* Processor time of reading the text, in ticks of clock(). */
static clock_t time_of(const GString *text)
{
    struct log log = {0};
    clock_t begin = clock();

    read_in_pieces(&log, text->str, text->len, 65536);
    log_clear(&log);
    return clock() - begin;
}

static char *line_of(const char *piece, size_t len)
{
    GString *line = g_string_new("x");

    while (line->len < len)
        g_string_append(line, piece);
    return g_string_free(g_string_append_c(line, '\n'), FALSE);
}

/* When the line's end was searched again for each quote, long lines took ten times as long as short ones. Both are
 * measured in turns and the least of each counts, so that other work on the machine does not decide. */
static void test_csv_reader__long_lines__cost_no_more_than_short_ones(void **state)
{
    static const char *const pieces[] = {"\"", ",\"\"", ","};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
        g_autofree char *line = line_of(pieces[i], 65000), *short_line = line_of(pieces[i], 2000);
        GString *long_lines = text_of(line), *short_lines = text_of(short_line);
        clock_t least_long = G_MAXLONG, least_short = G_MAXLONG;

        for (int turn = 0; turn < 5; turn++) {
            least_long = MIN(least_long, time_of(long_lines));
            least_short = MIN(least_short, time_of(short_lines));
        }
        assert_true(least_long < 4 * least_short);
        g_string_free(long_lines, TRUE);
        g_string_free(short_lines, TRUE);
    }
}

static void test_csv_reader__flood_of_other_records__ended_by_the_limit(void **state)
{
    g_autofree char *empty = long_record(H, '\n', 100001, T1);
    struct log log = {0};

    (void)state;
    read_in_pieces(&log, empty, strlen(empty), 65536);
    assert_non_null(strstr(log.faults->str, "LIMIT 100001:1 #0 - [-] expected at most 100000 "
                                            "records other than D, found more\n"));
    assert_null(strstr(log.all->str, "count"));
    log_clear(&log);
}

static void test_csv_reader__stopped_from_sink__nothing_follows(void **state)
{
    static const char text[] = H D1 D2 "x\n";
    struct log log = {.stop_at_first = true};

    (void)state;
    read_document(&log, text, sizeof text - 1);
    assert_string_equal(log.faults->str, "");
    assert_non_null(strstr(log.all->str, "records 1\n"));
    log_clear(&log);
}

/* The pieces make no difference to mutated text either. */
static void test_csv_reader__mutated_documents__same_events_in_any_pieces(void **state)
{
    static const char good[] = H "D,1,\"d\"\"x\",é,m,n,f,,,c,1\r\n" D2 T2;
    static const char bytes[] = "\",\r\n\0DHTx\xe9<";
    GRand *random = g_rand_new_with_seed(1);

    (void)state;
    for (int i = 0; i < 3000; i++) {
        char text[sizeof good];
        struct log log = {0};
        memcpy(text, good, sizeof good);
        for (int k = 0; k < 1 + i % 5; k++)
            text[g_rand_int_range(random, 0, sizeof good - 1)] = bytes[g_rand_int_range(random, 0, sizeof bytes - 1)];
        read_document(&log, text, sizeof good - 1);
        log_clear(&log);
    }
    g_rand_free(random);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv_reader__good_file__gives_events_in_order),
        cmocka_unit_test(test_csv_reader__faulty_document__gives_place_ordinal_field_value),
        cmocka_unit_test(test_csv_reader__utf_16_without_mark__gives_one_fault),
        cmocka_unit_test(test_csv_reader__nul__gives_one_fault_and_ends),
        cmocka_unit_test(test_csv_reader__open_quote__later_records_are_read),
        cmocka_unit_test(test_csv_reader__field_too_long__cut_and_emitted),
        cmocka_unit_test(test_csv_reader__blanks_behind_the_first_byte__not_all_shown),
        cmocka_unit_test(test_csv_reader__record_too_long__given_up_and_next_line_read),
        cmocka_unit_test(test_csv_reader__long_lines__cost_no_more_than_short_ones),
        cmocka_unit_test(test_csv_reader__flood_of_other_records__ended_by_the_limit),
        cmocka_unit_test(test_csv_reader__stopped_from_sink__nothing_follows),
        cmocka_unit_test(test_csv_reader__mutated_documents__same_events_in_any_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
