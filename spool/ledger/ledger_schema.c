/*
 * The ledger's tables, version by version.
 *
 * The database's user_version says which version its tables have. A writer brings older tables up to date, entry by
 * entry; a new ledger runs all entries. Each entry is one transaction: a crash leaves the version before it or after
 * it.
 *
 * How the tables get a new version:
 *
 * 1. Append an entry to versions[]: SQL that leads from the last version to the next one, and ends in
 *    "PRAGMA user_version=<next>;". Rows move by SQL alone (INSERT … SELECT), for the C readers know the newest columns
 *    only. Never edit a released entry: ledgers that it made exist, and nothing changes them once more.
 * 2. Change the columns, readers and structs of the subject. Columns that several subjects read are in
 *    ledger_private.h.
 * 3. In tests/e2e/older.py add a case for the version before. The test takes the older tables from this file; it needs
 *    to know which tables changed (CHANGED) and which names (RENAMED).
 * 4. Measure what the step writes (PERCENT below).
 * 5. Say in gateway/NEWS.md that older programs cannot open the ledger any more.
 */
#include "spool/ledger/ledger_private.h"
#include "spool/ledger/ledger_proof.h"

#include "spool/disk.h"

#include <sys/stat.h>

/* For version 5: of a session `s` of version 4, the newest step in which a side said what the session's columns of that
 * side hold. Its file was of a type, and its statement was negative or had the same identifiers. */
#define LEDGER_SIDE_4(type, side)                                                                                      \
    "(SELECT max(t.id) FROM step t JOIN job j ON j.id=t.job WHERE t.item=s.item AND t.at=s." side "_at"                \
    " AND j.type='" type "' AND(NOT s." side "_good OR(t.subject_id IS s." side "_subject"                             \
    " AND t.key_id IS s." side "_key)))"

/* For version 12: the bucket of a column `took`. */
#define LEDGER_TALLY_TOOK LEDGER_TALLY_LE("took")

/* versions[n] leads from version n to n + 1. Tables and columns of older versions have the names of that time. */
static const char *const versions[] = {
    /* Version 1. A file that came in, or a job of our own. source_…: the sender's copy; NULL once it is gone. */
    "CREATE TABLE job(id INTEGER PRIMARY KEY, direction INTEGER NOT NULL, name TEXT NOT NULL, type TEXT,"
    " form TEXT, org TEXT, sender TEXT, sequence INTEGER, drop_name TEXT, received INTEGER NOT NULL,"
    " size INTEGER NOT NULL, sha256 TEXT, receipt INTEGER NOT NULL, source_dev INTEGER,"
    " source_ino INTEGER, source_ctime_ns INTEGER, source_size INTEGER,"
    " reason TEXT);"
    "CREATE INDEX job_name ON job(name);"
    "CREATE INDEX job_sequence ON job(sender, type, sequence);"
    "CREATE INDEX job_bytes ON job(sha256);"
    "CREATE INDEX job_source ON job(id) WHERE source_ino IS NOT NULL;"
    /* What was found in a file, once for each time that it was judged. */
    "CREATE TABLE verdict(job INTEGER NOT NULL REFERENCES job, receipt INTEGER NOT NULL,"
    " judged_at INTEGER NOT NULL, outcome TEXT NOT NULL CHECK(outcome IN('AC','WN','PA','RJ')),"
    " batch TEXT, declared INTEGER NOT NULL, parsed INTEGER NOT NULL, accepted INTEGER NOT NULL,"
    " rejected INTEGER NOT NULL, deferred INTEGER NOT NULL, code TEXT, line INTEGER, col INTEGER,"
    " first_item INTEGER NOT NULL, items INTEGER NOT NULL, dispatched INTEGER NOT NULL DEFAULT 0,"
    " truncated INTEGER NOT NULL, PRIMARY KEY(job, receipt)) WITHOUT ROWID;"
    "CREATE INDEX verdict_batch ON verdict(batch);"
    "CREATE INDEX verdict_due ON verdict(job) WHERE outcome<>'RJ' AND accepted>dispatched;"
    /* The findings that are kept, and how many there were of each code. */
    "CREATE TABLE finding(id INTEGER PRIMARY KEY, job INTEGER NOT NULL, receipt INTEGER NOT NULL,"
    " code TEXT NOT NULL, scope TEXT, severity TEXT, line INTEGER, col INTEGER, record INTEGER,"
    " field TEXT, value TEXT, text TEXT);"
    "CREATE INDEX finding_job ON finding(job, receipt);"
    "CREATE TABLE finding_count(job INTEGER NOT NULL, receipt INTEGER NOT NULL, code TEXT NOT NULL,"
    " n INTEGER NOT NULL, PRIMARY KEY(job, receipt, code)) WITHOUT ROWID;"
    /* A Device of an instruction. The unique index allows one live item (slot 0) for each Device. */
    "CREATE TABLE work_item(item INTEGER PRIMARY KEY, job INTEGER NOT NULL, record INTEGER NOT NULL,"
    " device_id INTEGER, slot INTEGER NOT NULL, outcome INTEGER NOT NULL, next_eligible INTEGER,"
    " device_text TEXT, device_type TEXT, manufacturer TEXT, model TEXT, firmware TEXT, mpxn TEXT,"
    " chf TEXT, region TEXT, attempt TEXT, code TEXT, text TEXT);"
    "CREATE UNIQUE INDEX work_item_live ON work_item(device_id, slot);"
    /* A work item that was dispatched. */
    "CREATE TABLE session(item INTEGER PRIMARY KEY, job INTEGER NOT NULL, record INTEGER NOT NULL,"
    " try INTEGER NOT NULL, begun INTEGER NOT NULL, ends INTEGER NOT NULL, state TEXT NOT NULL);"
    "CREATE UNIQUE INDEX session_job ON session(job, record);"
    /* A file that leaves the gateway. state 3: delivered; the indexes are for those that are not. */
    "CREATE TABLE part(id INTEGER PRIMARY KEY, job INTEGER NOT NULL, receipt INTEGER NOT NULL,"
    " kind TEXT NOT NULL, name TEXT NOT NULL UNIQUE, form TEXT, drop_name TEXT NOT NULL,"
    " recipient TEXT, sender TEXT, environment TEXT, sequence INTEGER, created INTEGER NOT NULL, rows INTEGER NOT NULL,"
    " state INTEGER NOT NULL, size INTEGER NOT NULL, sha256 TEXT, delivered_at INTEGER);"
    "CREATE INDEX part_job ON part(job);"
    "CREATE INDEX part_owed ON part(id) WHERE state<3;"
    /* Numbers that are given out once: sequences of outgoing files by kind, and others by name. */
    "CREATE TABLE counter(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    /* Orders of operators that were carried out. */
    "CREATE TABLE operator_action(id INTEGER PRIMARY KEY, order_id TEXT NOT NULL UNIQUE,"
    " job INTEGER NOT NULL, verb TEXT NOT NULL, reason TEXT, who TEXT, at INTEGER NOT NULL,"
    " result TEXT);"
    "PRAGMA application_id=" LEDGER_APPLICATION_ID ";"
    "PRAGMA user_version=1;",
    /* Version 2: what was seen in the drops, and outages of drops. */
    "CREATE TABLE pickup(drop_name TEXT NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL,"
    " modified INTEGER NOT NULL, since INTEGER NOT NULL, decision TEXT NOT NULL, reason TEXT NOT NULL,"
    " job INTEGER, PRIMARY KEY(drop_name, name)) WITHOUT ROWID;"
    "CREATE TABLE incident(id INTEGER PRIMARY KEY, code TEXT NOT NULL, subject TEXT NOT NULL,"
    " begun INTEGER NOT NULL, cleared INTEGER, text TEXT NOT NULL);"
    "CREATE UNIQUE INDEX incident_open ON incident(code, subject) WHERE cleared IS NULL;"
    "CREATE INDEX part_due ON part(drop_name, id) WHERE state<3;"
    "CREATE INDEX job_discard ON job(drop_name, id) WHERE source_ino IS NOT NULL;"
    "DROP INDEX job_source;"
    "PRAGMA user_version=2;",
    /* Version 3: reference data. EUI-64s and times are integers, texts as they were given. */
    "CREATE TABLE inventory(device_id INTEGER NOT NULL, device_type TEXT NOT NULL, status TEXT NOT NULL,"
    " manufacturer TEXT, model TEXT, firmware TEXT, mpxn TEXT, chf INTEGER, supplier INTEGER, map INTEGER,"
    " region TEXT, installed INTEGER, commissioned INTEGER, credentials TEXT NOT NULL, pending "
    "TEXT);" LEDGER_INVENTORY_INDEXES "CREATE TABLE cos(mpxn TEXT NOT NULL, starts INTEGER NOT NULL, losing INTEGER, "
    "gaining INTEGER NOT NULL);" LEDGER_COS_INDEXES
    "CREATE TABLE non_migratable(device_type TEXT NOT NULL, manufacturer TEXT NOT NULL, model TEXT NOT NULL,"
    " firmware TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER, reason TEXT, fixed_in TEXT,"
    " PRIMARY KEY(device_type, manufacturer, model, firmware, since)) WITHOUT ROWID;"
    "CREATE TABLE party(party_id INTEGER NOT NULL, role TEXT NOT NULL, mpid TEXT NOT NULL, name TEXT,"
    " drop_name TEXT, PRIMARY KEY(party_id, role)) WITHOUT ROWID;"
    /* The newest accepted file of each type, and how many rows its table has since. */
    "CREATE TABLE reference(type TEXT PRIMARY KEY, job INTEGER NOT NULL, created INTEGER NOT NULL,"
    " loaded INTEGER NOT NULL, records INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX verdict_judged ON verdict(judged_at);"
    "PRAGMA user_version=3;",
    /* Version 4: sessions get their history; their outcome is reported (EMO). */
    "CREATE TABLE step(item INTEGER NOT NULL, n INTEGER NOT NULL, at INTEGER NOT NULL, state INTEGER NOT NULL,"
    " try INTEGER NOT NULL, job INTEGER, record INTEGER, code TEXT, due INTEGER, gbcs TEXT, duis TEXT,"
    " alert TEXT, subject_id TEXT, key_id TEXT, said_at INTEGER, PRIMARY KEY(item, n)) WITHOUT ROWID;"
    "INSERT INTO step(item,n,at,state,try,job,record,due)"
    " SELECT item,1,begun,3,try,job,record,ends FROM session;"
    "CREATE UNIQUE INDEX step_order ON step(job, record) WHERE state=3;"
    "ALTER TABLE session RENAME TO session_2;"
    "CREATE TABLE session(item INTEGER PRIMARY KEY, state INTEGER NOT NULL, steps INTEGER NOT NULL,"
    " try INTEGER NOT NULL, answered INTEGER NOT NULL, unused INTEGER NOT NULL, delays INTEGER NOT NULL, begun "
    "INTEGER, ends INTEGER,"
    " due INTEGER, code TEXT, next_eligible INTEGER, ended INTEGER, tcos_at INTEGER, tcos_good INTEGER,"
    " tcos_subject TEXT, tcos_key TEXT, ecos_at INTEGER, ecos_good INTEGER, ecos_subject TEXT, ecos_key TEXT,"
    " success_try INTEGER);"
    "INSERT INTO session(item,state,steps,try,answered,unused,delays,begun,ends,due)"
    " SELECT item,3,1,try,0,0,0,begun,ends,ends FROM session_2;"
    "DROP TABLE session_2;"
    "CREATE INDEX session_due ON session(due) WHERE due IS NOT NULL;"
    /* passes: the code of the review is transient; before, all codes of DEFERRED items (2) were. */
    "ALTER TABLE work_item ADD COLUMN passes INTEGER;"
    "UPDATE work_item SET passes=1 WHERE outcome=2;"
    /* How many items have ended, and whether the outcome is planned. */
    "ALTER TABLE verdict ADD COLUMN ended INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE verdict ADD COLUMN told INTEGER NOT NULL DEFAULT 0;"
    "DROP INDEX verdict_due;"
    "CREATE INDEX verdict_fresh ON verdict(job) WHERE items>0 AND accepted>dispatched;"
    "CREATE INDEX verdict_untold ON verdict(job) WHERE items>0 AND ended=accepted AND told=0;"
    /* The instruction that an EMO is about; a folder below the drop's. */
    "ALTER TABLE part ADD COLUMN about INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE part ADD COLUMN folder TEXT;"
    /* How the Devices of each model ended. */
    "CREATE TABLE model_end(device_type TEXT NOT NULL, manufacturer TEXT NOT NULL, model TEXT NOT NULL,"
    " firmware TEXT NOT NULL, migrated INTEGER NOT NULL, failed INTEGER NOT NULL,"
    " PRIMARY KEY(device_type, manufacturer, model, firmware)) WITHOUT ROWID;"
    /* Incidents say what they are about. Their events are reported (INC): event 0 opened, 1 closed; ids have no gaps.
     */
    "ALTER TABLE incident ADD COLUMN parties TEXT;"
    "ALTER TABLE incident ADD COLUMN job INTEGER;"
    "ALTER TABLE incident ADD COLUMN receipt INTEGER;"
    "ALTER TABLE incident ADD COLUMN device_id INTEGER;"
    "ALTER TABLE incident ADD COLUMN reason TEXT;"
    "ALTER TABLE incident ADD COLUMN who TEXT;"
    "CREATE INDEX incident_device ON incident(device_id) WHERE cleared IS NULL AND device_id IS NOT NULL;"
    "CREATE INDEX incident_file ON incident(job) WHERE cleared IS NULL AND device_id IS NULL AND job IS NOT NULL;"
    "CREATE TABLE incident_event(id INTEGER PRIMARY KEY, incident INTEGER NOT NULL, event INTEGER NOT NULL);"
    "CREATE UNIQUE INDEX incident_event_once ON incident_event(incident, event);"
    "INSERT INTO incident_event(incident,event) SELECT id,event FROM (SELECT id,0 AS event,begun AS at FROM incident"
    " UNION ALL SELECT id,1,cleared FROM incident WHERE cleared IS NOT NULL) ORDER BY at,id,event;"
    "CREATE TABLE incident_told(job INTEGER PRIMARY KEY, first INTEGER NOT NULL, events INTEGER NOT NULL);"
    "ALTER TABLE operator_action ADD COLUMN incident INTEGER;"
    /* Reports: which periods were issued, and the recipient of each of their files. */
    "CREATE TABLE report_period(ref TEXT NOT NULL, starts INTEGER NOT NULL, ends INTEGER NOT NULL,"
    " issued INTEGER NOT NULL, job INTEGER, unassigned INTEGER NOT NULL, PRIMARY KEY(ref, starts)) WITHOUT ROWID;"
    "CREATE INDEX report_period_job ON report_period(job) WHERE job IS NOT NULL;"
    "CREATE TABLE report(part INTEGER PRIMARY KEY, ref TEXT NOT NULL, starts INTEGER NOT NULL,"
    " recipient INTEGER NOT NULL, mpid TEXT NOT NULL);"
    "CREATE UNIQUE INDEX report_recipient ON report(ref, starts, recipient);"
    /* The figures of the management report, as they were issued. */
    "CREATE TABLE progress_week(ends INTEGER PRIMARY KEY, in_scope INTEGER NOT NULL, migrated INTEGER NOT NULL,"
    " remaining INTEGER NOT NULL);"
    "CREATE INDEX session_ended ON session(state, ended) WHERE ended IS NOT NULL;"
    "PRAGMA user_version=4;",
    /* Version 5: steps are appended in the order in which they happen and name the one before. A session names its last
     * one and the newest statement of each side. wake stands in for due, so that its index seldom changes. */
    "DROP INDEX step_order;"
    "ALTER TABLE step RENAME TO step_4;"
    "CREATE TABLE step(id INTEGER PRIMARY KEY, item INTEGER NOT NULL, n INTEGER NOT NULL, before INTEGER,"
    " at INTEGER NOT NULL, state INTEGER NOT NULL, try INTEGER NOT NULL, job INTEGER, record INTEGER, code TEXT,"
    " due INTEGER, gbcs TEXT, duis TEXT, alert TEXT, subject_id TEXT, key_id TEXT, said_at INTEGER, word INTEGER);"
    "INSERT INTO step(id,item,n,before,at,state,try,job,record,code,due,gbcs,duis,alert,subject_id,key_id,said_at)"
    " SELECT row_number()OVER o,item,n,iif(n>1,row_number()OVER o-1,NULL),at,state,try,job,"
    "record,code,due,gbcs,duis,alert,subject_id,key_id,said_at FROM step_4 WINDOW o AS(ORDER BY item,n);"
    "DROP TABLE step_4;"
    "CREATE UNIQUE INDEX step_order ON step(job, record) WHERE state=3;"
    "CREATE INDEX step_item ON step(item, n);"
    "DROP INDEX session_due;"
    "DROP INDEX session_ended;"
    "ALTER TABLE session RENAME TO session_4;"
    "CREATE TABLE session(item INTEGER PRIMARY KEY, state INTEGER NOT NULL, steps INTEGER NOT NULL, last INTEGER NOT"
    " NULL, try INTEGER NOT NULL, answered INTEGER NOT NULL, unused INTEGER NOT NULL, delays INTEGER NOT NULL, begun"
    " INTEGER, ends INTEGER, due INTEGER, code TEXT, next_eligible INTEGER, ended INTEGER, tcos INTEGER, ecos INTEGER,"
    " wake INTEGER);"
    "INSERT INTO session SELECT item,state,steps,(SELECT id FROM step t WHERE t.item=s.item AND t.n=s.steps),try,"
    "answered,unused,delays,begun,ends,due,code,next_eligible,ended," LEDGER_SIDE_4("EMT", "tcos") "," LEDGER_SIDE_4(
        "EMC", "ecos") ",due FROM session_4 s;"
                       "UPDATE step SET word=iif(s.tcos_good,1,2) FROM session_4 s JOIN session n USING(item) WHERE "
                       "step.id=n.tcos;"
                       "UPDATE step SET word=iif(s.ecos_good,3,4) FROM session_4 s JOIN session n USING(item) WHERE "
                       "step.id=n.ecos;"
                       "DROP TABLE session_4;"
                       "DROP INDEX step_item;"
                       "CREATE INDEX session_wake ON session(wake) WHERE wake IS NOT NULL;"
                       "CREATE INDEX session_ended ON session(state, ended) WHERE ended IS NOT NULL;"
                       "PRAGMA user_version=5;",
    /* Version 6: tables and columns have the names that the program and its documents use. */
    "ALTER TABLE part RENAME TO outgoing;"
    "DROP INDEX part_job;"
    "DROP INDEX part_owed;"
    "DROP INDEX part_due;"
    "CREATE INDEX outgoing_job ON outgoing(job);"
    "CREATE INDEX outgoing_owed ON outgoing(id) WHERE state<3;"
    "CREATE INDEX outgoing_due ON outgoing(drop_name, id) WHERE state<3;"
    "ALTER TABLE outgoing RENAME COLUMN receipt TO revision;"
    "ALTER TABLE report RENAME COLUMN part TO outgoing;"
    "ALTER TABLE step RENAME TO transition;"
    "ALTER TABLE transition RENAME COLUMN word TO statement;"
    "DROP INDEX step_order;"
    "CREATE UNIQUE INDEX transition_work_order ON transition(job, record) WHERE state=3;"
    "ALTER TABLE session RENAME COLUMN steps TO transitions;"
    "ALTER TABLE job RENAME COLUMN receipt TO revision;"
    "ALTER TABLE verdict RENAME COLUMN receipt TO revision;"
    "ALTER TABLE verdict RENAME COLUMN told TO reported;"
    "DROP INDEX verdict_untold;"
    "CREATE INDEX verdict_unreported ON verdict(job) WHERE items>0 AND ended=accepted AND reported=0;"
    "ALTER TABLE finding RENAME COLUMN receipt TO revision;"
    "ALTER TABLE finding_count RENAME COLUMN receipt TO revision;"
    "ALTER TABLE incident RENAME COLUMN receipt TO revision;"
    "ALTER TABLE incident_told RENAME TO incident_reported;"
    "PRAGMA user_version=6;",
    /* Version 7: numberings of inbound files (ledger_numbering.h). Every job so far belongs to the first one, 0.
     * job 0: an operator's order began the numbering. */
    "ALTER TABLE job ADD COLUMN numbering INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE numbering(id INTEGER PRIMARY KEY, sender TEXT NOT NULL, type TEXT NOT NULL, org TEXT NOT NULL,"
    " job INTEGER NOT NULL, number INTEGER NOT NULL, order_id TEXT);"
    "CREATE INDEX numbering_sender ON numbering(sender, type);"
    "DROP INDEX job_sequence;"
    "CREATE INDEX job_sequence ON job(sender, type, numbering, sequence);"
    "PRAGMA user_version=7;",
    /* Version 8: whose ledger this is (ledger_identity.h). Of an outgoing file: whether a rename was sent to its drop,
     * and whether its delivery was concluded and not seen; of one that was STAGED before, nobody knows; and the form of
     * its temporary name (NULL: .NAME.part, which was the only one before). failures: how
     * often in a row a file of a drop could not be picked up. cause: what an open incident's fault is now, where that
     * is no longer what it was opened for. */
    "CREATE TABLE identity(ledger TEXT NOT NULL, generation INTEGER NOT NULL, running INTEGER NOT NULL);"
    "INSERT INTO identity VALUES(lower(hex(randomblob(16))),0,0);"
    "ALTER TABLE outgoing ADD COLUMN rename_sent INTEGER NOT NULL DEFAULT 0;"
    "UPDATE outgoing SET rename_sent=1 WHERE state=2;"
    "ALTER TABLE outgoing ADD COLUMN concluded INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE outgoing ADD COLUMN upload_name TEXT;"
    "ALTER TABLE pickup ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX pickup_failing ON pickup(drop_name, name) WHERE failures>0;"
    "ALTER TABLE incident ADD COLUMN cause TEXT;"
    /* The damaged job that got the bytes of this one (ledger_jobs.h). */
    "ALTER TABLE job ADD COLUMN healed INTEGER;"
    /* Recoveries from a ledger that was not the newest one (ledger_recovery.h); the numbers that were accepted in the
     * lost time, after `last` and up to `number`; and work items that may have been ordered in the lost time, which are
     * not ordered again before an operator says so. Ledgers whose place this one took. Claims found in drops that know
     * more than this ledger, or are of another one. */
    "CREATE TABLE recovery(id INTEGER PRIMARY KEY, order_id TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, who TEXT,"
    " reason TEXT NOT NULL, cause TEXT NOT NULL, generation INTEGER NOT NULL, first_job INTEGER NOT NULL,"
    " jobs INTEGER NOT NULL, numbers INTEGER NOT NULL, withheld INTEGER NOT NULL, work_orders INTEGER NOT NULL);"
    "CREATE TABLE lost_number(sender TEXT NOT NULL, type TEXT NOT NULL, org TEXT NOT NULL, recovery INTEGER NOT NULL,"
    " numbering INTEGER NOT NULL, last INTEGER NOT NULL, number INTEGER NOT NULL, newest INTEGER NOT NULL,"
    " PRIMARY KEY(sender, type, org, recovery)) WITHOUT ROWID;"
    "CREATE TABLE withheld(item INTEGER PRIMARY KEY, recovery INTEGER NOT NULL);"
    "CREATE TABLE replaced_ledger(ledger TEXT NOT NULL, recovery INTEGER NOT NULL, generation INTEGER NOT NULL,"
    " PRIMARY KEY(ledger, recovery)) WITHOUT ROWID;"
    "CREATE TABLE drop_claim(drop_name TEXT PRIMARY KEY, claim TEXT NOT NULL) WITHOUT ROWID;"
    /* The last accepted number of each sender and type, for a witness. */
    "INSERT OR REPLACE INTO counter SELECT 'accepted '||j.sender||' '||j.type||' "
    "'||j.org,max(j.numbering*1000000+j.sequence)"
    " FROM job j WHERE j.direction=0 AND j.numbering>=0 AND j.sequence IS NOT NULL AND j.type IS NOT NULL"
    " AND EXISTS(SELECT 1 FROM verdict v WHERE v.job=j.id AND v.outcome<>'RJ') GROUP BY j.sender,j.type,j.org;"
    /* Drops that an operator has given to this gateway (ledger_claims.h). */
    "CREATE TABLE claim_take(name TEXT PRIMARY KEY, order_id TEXT NOT NULL, claim TEXT NOT NULL);"
    /* For the newest recorded time (ledger_time.h). */
    "CREATE INDEX outgoing_delivered ON outgoing(delivered_at) WHERE delivered_at IS NOT NULL;"
    "CREATE INDEX report_period_issued ON report_period(issued);"
    "CREATE INDEX report_period_ends ON report_period(ends) WHERE ends>starts;"
    "CREATE INDEX pickup_since ON pickup(since);"
    "INSERT OR REPLACE INTO counter SELECT 'report '||ref,max(starts) FROM report_period GROUP BY ref;"
    /* Rows that are in one period only (ledger_reports.h). Of periods that were issued before nobody knows which rows
     * they had: what happened in them counts as reported. */
    "CREATE TABLE reported_row(ref TEXT NOT NULL, device_id INTEGER NOT NULL, since INTEGER NOT NULL,"
    " supplier INTEGER NOT NULL, starts INTEGER NOT NULL, PRIMARY KEY(ref, device_id, since, supplier)) WITHOUT ROWID;"
    "CREATE INDEX reported_row_period ON reported_row(ref, starts);"
    "INSERT INTO counter SELECT 'rows since '||ref,max(ends) FROM report_period"
    " WHERE ref IN('ECOSMIG-003','ECOSMIG-006') GROUP BY ref;"
    /* Ends that were corrected, and outcome files (ledger_progress.h, ledger_due.h). session_was: what a session was
     * until the transition `until`; ended is set if that was an end, and `until` corrected it. outcome_file: the
     * instruction and the items that the EMO of that job shows, as they were after the transition `last`.
     * verdict.reported: 0 no EMO yet, 1 planned, 2 a further one is due. */
    "CREATE TABLE session_was(item INTEGER NOT NULL, until INTEGER NOT NULL, state INTEGER NOT NULL,"
    " try INTEGER NOT NULL, unused INTEGER NOT NULL, code TEXT, next_eligible INTEGER, ended INTEGER,"
    " PRIMARY KEY(item, until)) WITHOUT ROWID;"
    "CREATE INDEX session_was_ended ON session_was(state, ended) WHERE ended IS NOT NULL;"
    "CREATE TABLE outcome_file(job INTEGER PRIMARY KEY, instruction INTEGER NOT NULL, first_item INTEGER NOT NULL,"
    " items INTEGER NOT NULL, last INTEGER NOT NULL);"
    "INSERT INTO outcome_file SELECT o.job,o.about,v.first_item,v.items,(SELECT ifnull(max(id),0) FROM transition)"
    " FROM outgoing o JOIN verdict v ON v.job=o.about AND v.revision=o.revision WHERE o.kind='EMO';"
    "DROP INDEX verdict_unreported;"
    "CREATE INDEX verdict_unreported ON verdict(job) WHERE " LEDGER_OUTCOME_DUE ";"
    /* Outcomes that are not waited for any longer (ledger_due.h). Of an instruction's accepted items: how many begin no
     * session any more by themselves, for it has begun, has ended or is withheld; and the latest end of a session. */
    "ALTER TABLE verdict ADD COLUMN begun INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE verdict ADD COLUMN last_end INTEGER NOT NULL DEFAULT 0;"
    "UPDATE verdict SET begun=(SELECT count(*) FROM session s WHERE s.item>=first_item AND s.item<first_item+items"
    " AND(s.begun IS NOT NULL OR s.ended IS NOT NULL)),last_end=(SELECT ifnull(max(ends),0) FROM session s"
    " WHERE s.item>=first_item AND s.item<first_item+items) WHERE items>0;"
    "CREATE INDEX verdict_overdue ON verdict(last_end) WHERE " LEDGER_OUTCOME_WAITS ";"
    /* The SubjectId that a SUCCESS has replaced, as it says. */
    "ALTER TABLE transition ADD COLUMN existing_id TEXT;"
    /* Work items that an operator has ended, and the order (ledger_sessions.h). */
    "CREATE TABLE operator_end(item INTEGER PRIMARY KEY, transition INTEGER NOT NULL, order_id TEXT NOT NULL);"
    /* The hub that the work order named (EUI-64); NULL: that of the instruction. */
    "ALTER TABLE transition ADD COLUMN hub INTEGER;"
    /* FULL files that would remove too much (ledger_shrink.h); decided: 0 not yet, 1 released, 2 given up. */
    "CREATE TABLE shrink_hold(job INTEGER PRIMARY KEY, decided INTEGER NOT NULL);"
    /* A Market Participant ID names one party, or one would get the other's reports. Which one is right, nobody can
     * tell; A115 asks for the next PTY. */
    "DELETE FROM party WHERE EXISTS(SELECT 1 FROM party o WHERE o.mpid=party.mpid AND o.party_id<>party.party_id);"
    /* What reference data said of a Device when its session failed, and which transition that was; until which
     * transition an operator has overruled the ended work of a Device (ledger_resolved.h). */
    "CREATE TABLE failure(item INTEGER PRIMARY KEY, transition INTEGER NOT NULL, manufacturer TEXT, model TEXT,"
    " firmware TEXT, chf INTEGER, non_migratable INTEGER NOT NULL);"
    "CREATE TABLE device_release(device_id INTEGER PRIMARY KEY, transition INTEGER NOT NULL, order_id TEXT NOT NULL);"
    /* Leading zeros do not tell supply points apart. */
    "UPDATE inventory SET mpxn=ifnull(nullif(ltrim(mpxn,'0'),''),'0') WHERE mpxn>='0' AND mpxn<'1';"
    "UPDATE OR REPLACE cos SET mpxn=ifnull(nullif(ltrim(mpxn,'0'),''),'0') WHERE mpxn>='0' AND mpxn<'1';"
    /* SubjectIds that Devices had before they migrated, by the side that replaced them (ledger_sessions.h): each once,
     * with the first work item. */
    "CREATE TABLE subject_before(subject TEXT PRIMARY KEY, item INTEGER NOT NULL) WITHOUT ROWID;"
    /* Before, no such code opened an incident of its Device. The first pass opens those that are missing, for it knows
     * who has to act (ledger_due.h). State 7 is LEDGER_MIGRATED, outcome 0 LEDGER_READY. */
    "CREATE TABLE incident_due(item INTEGER PRIMARY KEY);"
    "INSERT INTO incident_due SELECT s.item FROM session s JOIN work_item w ON w.item=s.item"
    " WHERE s.code IN('D105','D140','D150','D151') AND s.state<>7 AND NOT EXISTS(SELECT 1 FROM work_item n"
    " WHERE n.device_id=w.device_id AND n.item>w.item AND n.outcome=0);"
    "PRAGMA user_version=8;",
    /* Version 9: the order that ended a session has a column of its own. Statement 5 is LEDGER_ENDED_BY_ORDER. */
    "ALTER TABLE transition ADD COLUMN order_id TEXT;"
    "UPDATE transition SET order_id=existing_id,existing_id=NULL WHERE statement=5;"
    /* The profiles that files were read and written with (ledger_profiles.h), by their digests. */
    "CREATE TABLE profile(digest TEXT PRIMARY KEY, name TEXT NOT NULL, version TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE profile_file(digest TEXT NOT NULL, name TEXT NOT NULL, content BLOB NOT NULL,"
    " PRIMARY KEY(digest, name));"
    "ALTER TABLE verdict ADD COLUMN profile TEXT;"
    "ALTER TABLE outgoing ADD COLUMN profile TEXT;"
    /* The texts of an instruction's columns without a fact: a JSON object. */
    "ALTER TABLE work_item ADD COLUMN kept TEXT;"
    "PRAGMA user_version=9;",
    /* Version 10: what operators keep back (ledger_holds.h); the subject is a number or a drop's name. */
    "CREATE TABLE operator_hold(kind TEXT NOT NULL, subject NOT NULL, order_id TEXT NOT NULL,"
    " PRIMARY KEY(kind, subject)) WITHOUT ROWID;"
    "CREATE TABLE withdrawn(item INTEGER PRIMARY KEY, order_id TEXT NOT NULL);"
    /* Work items that got a session before earlier ones of their instruction were dispatched (ledger_due.h). Before,
     * nobody kept that: of instructions that are not wholly dispatched, those that have not begun. */
    "CREATE TABLE out_of_turn(item INTEGER PRIMARY KEY);"
    "INSERT INTO out_of_turn SELECT s.item FROM verdict v JOIN session s ON s.item>=v.first_item"
    " AND s.item<v.first_item+v.items WHERE v.items>0 AND v.accepted>v.dispatched AND s.begun IS NULL;"
    "PRAGMA user_version=10;",
    /* Version 11: outgoing files that an operator has had delivered again, and the orders. A work order that was is no
     * longer one that nobody can have (ledger_orders_undelivered). Before, the order's row had the name. */
    "CREATE TABLE redelivered(outgoing INTEGER NOT NULL, order_id TEXT NOT NULL, PRIMARY KEY(outgoing, order_id))"
    " WITHOUT ROWID;"
    "INSERT INTO redelivered SELECT o.id,a.order_id FROM operator_action a JOIN outgoing o ON o.job=a.job"
    " AND substr(a.reason,1,length(o.name)+2)=o.name||': ' WHERE a.verb='redeliver' AND a.result='done';"
    /* Indexes that find Devices (ledger_find.h) and jobs (ledger_jobs.h). Of Devices most are for few rows:
     * sessions that have not ended, codes, what a review refused. */
    LEDGER_INVENTORY_FIND_INDEXES "CREATE INDEX session_live ON session(state) WHERE ended IS NULL;"
    "CREATE INDEX session_code ON session(code) WHERE code IS NOT NULL;"
    "CREATE INDEX work_item_refused ON work_item(outcome) WHERE outcome<>0;"
    "CREATE INDEX work_item_code ON work_item(code) WHERE code IS NOT NULL;"
    "CREATE INDEX work_item_point ON work_item(ltrim(mpxn,'0')) WHERE outcome<>0 AND mpxn IS NOT NULL;"
    "CREATE INDEX job_received ON job(received);"
    "CREATE INDEX job_type ON job(type, received);"
    "CREATE INDEX job_org ON job(org, received);"
    "CREATE INDEX job_drop ON job(drop_name, received);"
    "CREATE INDEX verdict_outcome ON verdict(outcome);"
    "PRAGMA user_version=11;",
    /* Version 12: counts that are kept (ledger_counts.h). */
    "CREATE TABLE count_device(state INTEGER PRIMARY KEY, n INTEGER NOT NULL);"
    "INSERT INTO count_device " LEDGER_COUNTED_DEVICES ";"
    "CREATE TABLE count_job(direction INTEGER NOT NULL, type TEXT NOT NULL, outcome TEXT NOT NULL, n INTEGER NOT NULL,"
    " PRIMARY KEY(direction, type, outcome)) WITHOUT ROWID;"
    "INSERT INTO count_job " LEDGER_COUNTED_JOBS ";"
    "CREATE TABLE count_incident(code TEXT NOT NULL, of_device INTEGER NOT NULL, n INTEGER NOT NULL,"
    " PRIMARY KEY(code, of_device)) WITHOUT ROWID;"
    "INSERT INTO count_incident " LEDGER_COUNTED_INCIDENTS ";"
    /* What has become of stored files (ledger_retention.h): `stored` of a job, and when its payload or an
     * outgoing file was removed. full: a FULL file of reference data; before, nobody kept that, and such files stay. */
    "ALTER TABLE job ADD COLUMN stored INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE job ADD COLUMN removed INTEGER;"
    "ALTER TABLE outgoing ADD COLUMN removed INTEGER;"
    "ALTER TABLE verdict ADD COLUMN full INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX job_stored ON job(stored, type, received) WHERE stored<3;"
    /* Totals (ledger_tally.h), of all rows that there are. */
    "CREATE TABLE tally(what TEXT NOT NULL, a TEXT NOT NULL, b TEXT NOT NULL, c TEXT NOT NULL, n INTEGER NOT NULL,"
    " sum INTEGER NOT NULL, PRIMARY KEY(what, a, b, c)) WITHOUT ROWID;"
    "INSERT INTO tally SELECT 'received',ifnull(type,'unknown'),'','',count(*),sum(size) FROM job WHERE direction=0"
    " GROUP BY 2;"
    "INSERT INTO tally SELECT 'accepted',org,type,'',count(*),max(received) FROM job JOIN verdict v ON v.job=job.id"
    " WHERE direction=0 AND org IS NOT NULL AND type IS NOT NULL AND v.outcome<>'RJ' GROUP BY 2,3;"
    "INSERT INTO tally SELECT 'verdict',ifnull(j.type,'unknown'),v.outcome,ifnull(v.code,''),count(*),0 FROM verdict v"
    " JOIN job j ON j.id=v.job GROUP BY 2,3,4;"
    "INSERT INTO tally SELECT 'finding',ifnull(j.type,'unknown'),f.code,'',sum(f.n),0 FROM finding_count f"
    " JOIN job j ON j.id=f.job GROUP BY 2,3;"
    "INSERT INTO tally SELECT 'review','accepted','','',sum(accepted),0 FROM verdict WHERE items>0 HAVING count(*)>0"
    " UNION ALL SELECT 'review','rejected','','',sum(rejected),0 FROM verdict WHERE items>0 HAVING count(*)>0"
    " UNION ALL SELECT 'review','deferred','','',sum(deferred),0 FROM verdict WHERE items>0 HAVING count(*)>0;"
    "INSERT INTO tally SELECT 'judged'," LEDGER_TALLY_TOOK ",'','',count(*),sum(max(took,0)) FROM"
    "(SELECT min(v.judged_at)-j.received AS took FROM verdict v JOIN job j ON j.id=v.job GROUP BY v.job) "
    "GROUP BY 2;"
    "INSERT INTO tally SELECT 'tries','','','',count(*),0 FROM transition WHERE state=3 HAVING count(*)>0;"
    "INSERT INTO tally SELECT 'session',state," LEDGER_TALLY_TOOK ",'',count(*),sum(max(took,0)) FROM"
    "(SELECT state,ended-begun AS took FROM session WHERE ended IS NOT NULL AND begun IS NOT "
    "NULL) GROUP BY 2,3;"
    "INSERT INTO tally SELECT 'delivered',kind,'','',count(*),sum(max(size,0)) FROM outgoing "
    "WHERE state=3 GROUP BY 2;"
    "INSERT INTO tally SELECT 'delivery'," LEDGER_TALLY_TOOK ",'','',count(*),sum(max(took,0)) FROM"
    "(SELECT delivered_at-created AS took FROM outgoing WHERE state=3"
    " AND NOT EXISTS(SELECT 1 FROM redelivered r WHERE r.outgoing=outgoing.id)) "
    "GROUP BY 2;"
    "INSERT INTO tally SELECT 'incident',code,'','',count(*),0 FROM incident GROUP "
    "BY 2;"
    /* The chain of evidence (ledger_evidence.h). The facts that were there before get their links when the
     * writer opens the ledger, for SQL has no SHA-256. */
    "CREATE TABLE evidence(n INTEGER PRIMARY KEY, kind TEXT NOT NULL, subject INTEGER NOT NULL, part INTEGER NOT NULL,"
    " line TEXT NOT NULL, digest TEXT NOT NULL);"
    "CREATE INDEX evidence_subject ON evidence(subject, kind, part);"
    "PRAGMA user_version=12;",
    /* Version 13: Devices accepted in each hour (ledger_volume.h). Those of senders are known; of Suppliers and models
     * the history begins now. */
    "CREATE TABLE volume(kind TEXT NOT NULL, subject TEXT NOT NULL, hour INTEGER NOT NULL, devices INTEGER NOT NULL,"
    " held INTEGER NOT NULL, PRIMARY KEY(kind, subject, hour)) WITHOUT ROWID;"
    "CREATE INDEX volume_hour ON volume(hour);"
    "INSERT INTO volume SELECT 'sender',subject,hour,n,0 FROM(" LEDGER_COUNTED_VOLUMES " GROUP BY 1,2);"
    /* Signatures that came with files, and what was found (ledger_signatures.h). */
    "CREATE TABLE signature(job INTEGER PRIMARY KEY, size INTEGER NOT NULL, sha256 TEXT, source_dev INTEGER,"
    " source_ino INTEGER, source_ctime_ns INTEGER, source_size INTEGER);"
    "CREATE TABLE signature_check(job INTEGER NOT NULL, revision INTEGER NOT NULL, checked_at INTEGER NOT NULL,"
    " fault TEXT, signer TEXT, serial TEXT, chain TEXT, PRIMARY KEY(job, revision)) WITHOUT ROWID;"
    /* Archives (ledger_archive.h). */
    "CREATE TABLE archive(id INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL UNIQUE,"
    " ended_before INTEGER NOT NULL, at INTEGER NOT NULL, upto INTEGER NOT NULL DEFAULT 0,"
    " settled INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE archive_range(first INTEGER PRIMARY KEY, last INTEGER NOT NULL, archive INTEGER NOT NULL);"
    "CREATE INDEX archive_range_of ON archive_range(archive,last);"
    /* The removal of personal data (ledger_purge.h); purged_device: whose rows of the inventory get no MPxN. */
    "ALTER TABLE job ADD COLUMN purged INTEGER;"
    "CREATE TABLE purge(id INTEGER PRIMARY KEY, order_id TEXT NOT NULL UNIQUE, before INTEGER NOT NULL,"
    " begun INTEGER NOT NULL, ended INTEGER, stage INTEGER NOT NULL, job INTEGER NOT NULL, item INTEGER NOT NULL,"
    " files INTEGER NOT NULL, jobs INTEGER NOT NULL, devices INTEGER NOT NULL, points INTEGER NOT NULL,"
    " bytes INTEGER NOT NULL);"
    "CREATE TABLE purged_device(device_id INTEGER PRIMARY KEY, purge INTEGER NOT NULL);"
    "CREATE INDEX outcome_file_instruction ON outcome_file(instruction);"
    "PRAGMA user_version=13;",
    /* Version 14: indexes that find Devices have the Device beside their key (ledger_find_filter.h). */
    "ALTER TABLE session ADD COLUMN device_id INTEGER;"
    "DROP INDEX session_live;DROP INDEX session_ended;DROP INDEX session_code;"
    "UPDATE session SET device_id=(SELECT w.device_id FROM work_item w WHERE w.item=session.item);"
    "CREATE INDEX session_live ON session(state, item, device_id) WHERE ended IS NULL;"
    "CREATE INDEX session_ended ON session(state, ended, item, device_id) WHERE ended IS NOT NULL;"
    "CREATE INDEX session_code ON session(code, item, device_id) WHERE code IS NOT NULL;"
    "DROP INDEX work_item_refused;DROP INDEX work_item_code;"
    "CREATE INDEX work_item_refused ON work_item(outcome, item, device_id) WHERE outcome<>0;"
    "CREATE INDEX work_item_code ON work_item(code, item, device_id) WHERE code IS NOT NULL;"
    "DROP INDEX inventory_device;DROP INDEX inventory_hub;DROP INDEX inventory_point;DROP INDEX inventory_supplier;"
    "DROP INDEX inventory_model;" LEDGER_INVENTORY_INDEXES LEDGER_INVENTORY_FIND_INDEXES "PRAGMA user_version=14;",
    /* Version 15: whether a work item is live is no column any more (ledger_devices.c). */
    "DROP INDEX work_item_live;"
    "ALTER TABLE work_item DROP COLUMN slot;"
    "CREATE INDEX work_item_device ON work_item(device_id);"
    "PRAGMA user_version=15;",
    /* Version 16: the index of live sessions does not have the state any more, which each result changes
     * (ledger_find.c). no_earlier: the Device had no work item before; NULL: it had, or nobody asked
     * (ledger_devices.h). */
    "DROP INDEX session_live;"
    "CREATE INDEX session_live ON session(item) WHERE ended IS NULL;"
    "ALTER TABLE work_item ADD COLUMN no_earlier INTEGER;"
    /* The parties that the inventory has named since its last FULL file (ledger_reference.h). */
    "CREATE TABLE inventory_party(party_id INTEGER NOT NULL, role TEXT NOT NULL, PRIMARY KEY(party_id, role))"
    " WITHOUT ROWID;"
    "INSERT INTO inventory_party " LEDGER_PARTIES_OF_INVENTORY ";"
    "PRAGMA user_version=16;",
};

/* 0 for a new database. */
bool ledger_version(struct ledger *ledger, int64_t *version, GError **error)
{
    LEDGER_SQL(get, "PRAGMA user_version");
    return ledger_number(ledger, ledger_query(ledger, &get, LEDGER_NO_VALUES, error), version, error);
}

bool ledger_version_known(struct ledger *ledger, GError **error)
{
    int64_t version = 0;
    if (!ledger_version(ledger, &version, error))
        return false;
    if (version <= (int64_t)G_N_ELEMENTS(versions))
        return true;
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                "ledger %s: its tables have version %" G_GINT64_FORMAT
                ", this program knows %u; use the newer ecosgate",
                ledger_path(ledger), version, (unsigned)G_N_ELEMENTS(versions));
    return false;
}

bool ledger_version_current(struct ledger *ledger, GError **error)
{
    int64_t version = 0;
    if (!ledger_version_known(ledger, error) || !ledger_version(ledger, &version, error))
        return false;
    if (version == (int64_t)G_N_ELEMENTS(versions))
        return true;
    if (version == 0) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_MISSING, "ledger %s has no tables", ledger_path(ledger));
        return false;
    }
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                "ledger %s: its tables have version %" G_GINT64_FORMAT
                ", this program needs %u; `ecosgate run` brings them up to date",
                ledger_path(ledger), version, (unsigned)G_N_ELEMENTS(versions));
    return false;
}

/* What an upgrade writes at most, in percent of the ledger's size before it: WAL and grown database together. NOTES.md
 * has what was measured. FLOOR: the smallest ledger. MEBIBYTES_A_SECOND: of what is read and written. */
enum { PERCENT = 250, PERCENT_BEFORE_11 = 600, FLOOR = 4 * 1024 * 1024, MEBIBYTES_A_SECOND = 10 };

static bool measure(struct ledger *ledger, struct ledger_upgrade *upgrade, GError **error)
{
    g_autofree char *dir = g_path_get_dirname(ledger_path(ledger));
    g_autofree char *wal = g_strconcat(ledger_path(ledger), "-wal", NULL);
    struct stat st;
    int64_t size = 0;

    if (!ledger_bytes(ledger, &size, error) || !disk_free_bytes(dir, &upgrade->free, error))
        return false;
    upgrade->size = (uint64_t)size + (stat(wal, &st) == 0 ? (uint64_t)st.st_size : 0);
    upgrade->room = FLOOR + (uint64_t)size / 100 * (upgrade->from < 11 ? PERCENT_BEFORE_11 : PERCENT);
    upgrade->seconds = 1 + (upgrade->size + upgrade->room) / (MEBIBYTES_A_SECOND * 1024 * 1024);
    return true;
}

bool ledger_upgrade_possible(struct ledger *ledger, ledger_upgrade_tell *tell, GError **error)
{
    struct ledger_upgrade upgrade = {.to = G_N_ELEMENTS(versions)};

    if (!ledger_version(ledger, &upgrade.from, error))
        return false;
    if (upgrade.from == 0 || upgrade.from == upgrade.to)
        return true;
    if (!measure(ledger, &upgrade, error))
        return false;
    if (tell != NULL)
        tell(&upgrade);
    if (upgrade.room <= upgrade.free)
        return true;
    g_autofree char *disk = disk_mount_point(ledger_path(ledger));
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                "ledger %s: to bring its tables from version %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
                " needs %" G_GUINT64_FORMAT " MiB on %s, which has %" G_GUINT64_FORMAT
                "; nothing was changed, and the older ecosgate can still open it; free space there, then start again",
                ledger_path(ledger), upgrade.from, upgrade.to, upgrade.room >> 20, disk, upgrade.free >> 20);
    return false;
}

bool ledger_migrate(struct ledger *ledger, GError **error)
{
    int64_t version = 0;
    if (!ledger_version_known(ledger, error) || !ledger_version(ledger, &version, error))
        return false;
    for (; version < (int64_t)G_N_ELEMENTS(versions); version++) {
        if (!ledger_begin(ledger, error))
            return false;
        if (!ledger_execute(ledger, versions[version], error) || !ledger_commit(STEP_LEDGER_MADE, ledger, error)) {
            ledger_rollback(ledger);
            return false;
        }
    }
    return true;
}
