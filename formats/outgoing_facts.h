/*
 * The facts that the program can give to each record that it writes. One line is one fact:
 *
 *   FACT(record, need, fact)
 *
 * NEEDED: a profile has to have a column for it, else it is refused: the record would say nothing. OPTIONAL: a profile
 * may leave it out.
 *
 * The code that fills a record proves with the same list that it makes these facts and no others (facts.h). The loader
 * of profiles refuses a column whose fact is not in the list of its record (record_kinds.h). So no column of any
 * profile is without a value.
 */
#ifndef ECOSGATE_FORMATS_OUTGOING_FACTS_H
#define ECOSGATE_FORMATS_OUTGOING_FACTS_H

/* ---- answers, work orders, incidents (FILES.md, 1 and 5 to 9) ---- */

/* The header of every file. What the frame says besides, the writer gives itself: type, version, count of rows. */
#define FILE_HEADER_GIVES(FACT)                                                                                        \
    FACT(FILE_HEADER, OPTIONAL, header_sender)                                                                         \
    FACT(FILE_HEADER, OPTIONAL, header_recipient)                                                                      \
    FACT(FILE_HEADER, OPTIONAL, header_sequence)                                                                       \
    FACT(FILE_HEADER, OPTIONAL, header_created)                                                                        \
    FACT(FILE_HEADER, OPTIONAL, header_environment)                                                                    \
    FACT(FILE_HEADER, OPTIONAL, header_batch)                                                                          \
    FACT(FILE_HEADER, OPTIONAL, header_corrects)

#define EMA_FILE_GIVES(FACT)                                                                                           \
    FACT(EMA_FILE, NEEDED, file_name)                                                                                  \
    FACT(EMA_FILE, OPTIONAL, file_sha256)                                                                              \
    FACT(EMA_FILE, OPTIONAL, file_size)                                                                                \
    FACT(EMA_FILE, OPTIONAL, file_received)                                                                            \
    FACT(EMA_FILE, NEEDED, file_outcome)                                                                               \
    FACT(EMA_FILE, OPTIONAL, file_code)                                                                                \
    FACT(EMA_FILE, OPTIONAL, file_line)                                                                                \
    FACT(EMA_FILE, OPTIONAL, file_column)                                                                              \
    FACT(EMA_FILE, OPTIONAL, file_declared)                                                                            \
    FACT(EMA_FILE, OPTIONAL, file_parsed)                                                                              \
    FACT(EMA_FILE, OPTIONAL, file_rejected)

#define EMA_FINDING_GIVES(FACT)                                                                                        \
    FACT(EMA_FINDING, NEEDED, finding_code)                                                                            \
    FACT(EMA_FINDING, OPTIONAL, finding_scope)                                                                         \
    FACT(EMA_FINDING, OPTIONAL, record_number)                                                                         \
    FACT(EMA_FINDING, OPTIONAL, finding_field)                                                                         \
    FACT(EMA_FINDING, OPTIONAL, finding_value)                                                                         \
    FACT(EMA_FINDING, OPTIONAL, finding_text)

#define EMD_GIVES(FACT)                                                                                                \
    FACT(EMD, OPTIONAL, record_number)                                                                                 \
    FACT(EMD, OPTIONAL, device_id)                                                                                     \
    FACT(EMD, OPTIONAL, device_type)                                                                                   \
    FACT(EMD, NEEDED, decision_outcome)                                                                                \
    FACT(EMD, OPTIONAL, decision_code)                                                                                 \
    FACT(EMD, OPTIONAL, decision_category)                                                                             \
    FACT(EMD, OPTIONAL, decision_transient)                                                                            \
    FACT(EMD, OPTIONAL, decision_resolver)                                                                             \
    FACT(EMD, OPTIONAL, work_item)                                                                                     \
    FACT(EMD, OPTIONAL, decision_next_eligible)                                                                        \
    FACT(EMD, OPTIONAL, decision_text)

#define EMW_GIVES(FACT)                                                                                                \
    FACT(EMW, OPTIONAL, record_number)                                                                                 \
    FACT(EMW, OPTIONAL, work_item)                                                                                     \
    FACT(EMW, NEEDED, device_id)                                                                                       \
    FACT(EMW, OPTIONAL, device_type)                                                                                   \
    FACT(EMW, OPTIONAL, device_manufacturer)                                                                           \
    FACT(EMW, OPTIONAL, device_model)                                                                                  \
    FACT(EMW, OPTIONAL, device_firmware)                                                                               \
    FACT(EMW, OPTIONAL, device_hub)                                                                                    \
    FACT(EMW, OPTIONAL, work_try)                                                                                      \
    FACT(EMW, OPTIONAL, session_start)                                                                                 \
    FACT(EMW, OPTIONAL, session_end)

#define EMO_GIVES(FACT)                                                                                                \
    FACT(EMO, OPTIONAL, record_number)                                                                                 \
    FACT(EMO, OPTIONAL, device_id)                                                                                     \
    FACT(EMO, OPTIONAL, work_item)                                                                                     \
    FACT(EMO, NEEDED, end_outcome)                                                                                     \
    FACT(EMO, OPTIONAL, end_code)                                                                                      \
    FACT(EMO, OPTIONAL, work_tries)                                                                                    \
    FACT(EMO, OPTIONAL, end_at)                                                                                        \
    FACT(EMO, OPTIONAL, end_next_eligible)

#define INC_GIVES(FACT)                                                                                                \
    FACT(INC, OPTIONAL, record_number)                                                                                 \
    FACT(INC, OPTIONAL, incident_id)                                                                                   \
    FACT(INC, NEEDED, incident_event)                                                                                  \
    FACT(INC, OPTIONAL, incident_at)                                                                                   \
    FACT(INC, OPTIONAL, incident_category)                                                                             \
    FACT(INC, NEEDED, incident_code)                                                                                   \
    FACT(INC, OPTIONAL, incident_scope)                                                                                \
    FACT(INC, OPTIONAL, incident_file)                                                                                 \
    FACT(INC, OPTIONAL, work_batch)                                                                                    \
    FACT(INC, OPTIONAL, device_id)                                                                                     \
    FACT(INC, OPTIONAL, incident_parties)                                                                              \
    FACT(INC, OPTIONAL, incident_resolver)                                                                             \
    FACT(INC, OPTIONAL, incident_text)

/* ---- reports (FILES.md, 10) ---- */

/* What the reports about single Devices have in common. */
#define LEADING_GIVES(FACT, record)                                                                                    \
    FACT(record, OPTIONAL, report_ref)                                                                                 \
    FACT(record, OPTIONAL, report_layout)                                                                              \
    FACT(record, OPTIONAL, period_start)                                                                               \
    FACT(record, OPTIONAL, period_end)                                                                                 \
    FACT(record, OPTIONAL, supplier_id)                                                                                \
    FACT(record, OPTIONAL, supplier_mpid)                                                                              \
    FACT(record, OPTIONAL, device_id)                                                                                  \
    FACT(record, OPTIONAL, device_type)                                                                                \
    FACT(record, OPTIONAL, device_mpxn)                                                                                \
    FACT(record, OPTIONAL, device_hub)                                                                                 \
    FACT(record, OPTIONAL, device_manufacturer)                                                                        \
    FACT(record, OPTIONAL, device_model)                                                                               \
    FACT(record, OPTIONAL, device_firmware)

#define ECOSMIG_001_GIVES(FACT)                                                                                        \
    LEADING_GIVES(FACT, ECOSMIG_001)                                                                                   \
    FACT(ECOSMIG_001, OPTIONAL, work_batch)                                                                            \
    FACT(ECOSMIG_001, OPTIONAL, work_item)                                                                             \
    FACT(ECOSMIG_001, OPTIONAL, work_attempt)                                                                          \
    FACT(ECOSMIG_001, OPTIONAL, migration_at)                                                                          \
    FACT(ECOSMIG_001, OPTIONAL, migration_tcos_at)                                                                     \
    FACT(ECOSMIG_001, OPTIONAL, migration_ecos_at)                                                                     \
    FACT(ECOSMIG_001, OPTIONAL, device_region)

#define ECOSMIG_002_GIVES(FACT)                                                                                        \
    LEADING_GIVES(FACT, ECOSMIG_002)                                                                                   \
    FACT(ECOSMIG_002, OPTIONAL, work_batch)                                                                            \
    FACT(ECOSMIG_002, OPTIONAL, work_item)                                                                             \
    FACT(ECOSMIG_002, OPTIONAL, work_attempt)                                                                          \
    FACT(ECOSMIG_002, OPTIONAL, failure_at)                                                                            \
    FACT(ECOSMIG_002, OPTIONAL, failure_category)                                                                      \
    FACT(ECOSMIG_002, OPTIONAL, failure_code)                                                                          \
    FACT(ECOSMIG_002, OPTIONAL, failure_name)                                                                          \
    FACT(ECOSMIG_002, OPTIONAL, result_gbcs)                                                                           \
    FACT(ECOSMIG_002, OPTIONAL, result_duis)                                                                           \
    FACT(ECOSMIG_002, OPTIONAL, work_tries)                                                                            \
    FACT(ECOSMIG_002, OPTIONAL, failure_resolver)                                                                      \
    FACT(ECOSMIG_002, OPTIONAL, failure_next_from)                                                                     \
    FACT(ECOSMIG_002, OPTIONAL, device_region)

#define ECOSMIG_003_GIVES(FACT)                                                                                        \
    LEADING_GIVES(FACT, ECOSMIG_003)                                                                                   \
    FACT(ECOSMIG_003, OPTIONAL, supply_start)                                                                          \
    FACT(ECOSMIG_003, OPTIONAL, history_attempts)                                                                      \
    FACT(ECOSMIG_003, OPTIONAL, history_last_at)                                                                       \
    FACT(ECOSMIG_003, OPTIONAL, history_last_outcome)                                                                  \
    FACT(ECOSMIG_003, OPTIONAL, history_last_code)                                                                     \
    FACT(ECOSMIG_003, OPTIONAL, migration_status)

#define ECOSMIG_004_GIVES(FACT)                                                                                        \
    FACT(ECOSMIG_004, OPTIONAL, report_ref)                                                                            \
    FACT(ECOSMIG_004, OPTIONAL, report_layout)                                                                         \
    FACT(ECOSMIG_004, OPTIONAL, period_end)                                                                            \
    FACT(ECOSMIG_004, OPTIONAL, supplier_id)                                                                           \
    FACT(ECOSMIG_004, OPTIONAL, supplier_mpid)                                                                         \
    FACT(ECOSMIG_004, OPTIONAL, device_type)                                                                           \
    FACT(ECOSMIG_004, OPTIONAL, device_manufacturer)                                                                   \
    FACT(ECOSMIG_004, OPTIONAL, device_model)                                                                          \
    FACT(ECOSMIG_004, OPTIONAL, device_firmware)                                                                       \
    FACT(ECOSMIG_004, OPTIONAL, non_migratable_since)                                                                  \
    FACT(ECOSMIG_004, OPTIONAL, non_migratable_resolver)                                                               \
    FACT(ECOSMIG_004, OPTIONAL, count_devices)

#define ECOSMIG_005_GIVES(FACT)                                                                                        \
    FACT(ECOSMIG_005, OPTIONAL, report_ref)                                                                            \
    FACT(ECOSMIG_005, OPTIONAL, report_layout)                                                                         \
    FACT(ECOSMIG_005, OPTIONAL, period_start)                                                                          \
    FACT(ECOSMIG_005, OPTIONAL, period_end)                                                                            \
    FACT(ECOSMIG_005, OPTIONAL, supplier_id)                                                                           \
    FACT(ECOSMIG_005, OPTIONAL, supplier_mpid)                                                                         \
    FACT(ECOSMIG_005, OPTIONAL, device_type)                                                                           \
    FACT(ECOSMIG_005, OPTIONAL, count_instructed)                                                                      \
    FACT(ECOSMIG_005, OPTIONAL, count_rejected)                                                                        \
    FACT(ECOSMIG_005, OPTIONAL, count_deferred)                                                                        \
    FACT(ECOSMIG_005, OPTIONAL, count_succeeded)                                                                       \
    FACT(ECOSMIG_005, OPTIONAL, count_failed)                                                                          \
    FACT(ECOSMIG_005, OPTIONAL, count_in_progress)                                                                     \
    FACT(ECOSMIG_005, OPTIONAL, count_migrated)                                                                        \
    FACT(ECOSMIG_005, OPTIONAL, count_remaining)

#define ECOSMIG_006_GIVES(FACT)                                                                                        \
    LEADING_GIVES(FACT, ECOSMIG_006)                                                                                   \
    FACT(ECOSMIG_006, OPTIONAL, device_installed)                                                                      \
    FACT(ECOSMIG_006, OPTIONAL, device_commissioned)                                                                   \
    FACT(ECOSMIG_006, OPTIONAL, device_status)                                                                         \
    FACT(ECOSMIG_006, OPTIONAL, migration_status)

#define STRAND_GIVES(FACT)                                                                                             \
    LEADING_GIVES(FACT, STRAND)                                                                                        \
    FACT(STRAND, OPTIONAL, device_region)                                                                              \
    FACT(STRAND, OPTIONAL, device_status)                                                                              \
    FACT(STRAND, OPTIONAL, migration_status)                                                                           \
    FACT(STRAND, OPTIONAL, history_last_code)                                                                          \
    FACT(STRAND, OPTIONAL, history_resolver)                                                                           \
    FACT(STRAND, OPTIONAL, history_sessions)                                                                           \
    FACT(STRAND, OPTIONAL, work_tries)

#define NMDM_GIVES(FACT)                                                                                               \
    FACT(NMDM, OPTIONAL, device_type)                                                                                  \
    FACT(NMDM, OPTIONAL, device_manufacturer)                                                                          \
    FACT(NMDM, OPTIONAL, device_model)                                                                                 \
    FACT(NMDM, OPTIONAL, device_firmware)                                                                              \
    FACT(NMDM, OPTIONAL, non_migratable_from)                                                                          \
    FACT(NMDM, OPTIONAL, non_migratable_to)                                                                            \
    FACT(NMDM, OPTIONAL, non_migratable_reason)                                                                        \
    FACT(NMDM, OPTIONAL, non_migratable_resolver)                                                                      \
    FACT(NMDM, OPTIONAL, non_migratable_fixed_in)

#define MGMT_GIVES(FACT)                                                                                               \
    FACT(MGMT, OPTIONAL, period_start)                                                                                 \
    FACT(MGMT, OPTIONAL, period_end)                                                                                   \
    FACT(MGMT, OPTIONAL, device_type)                                                                                  \
    FACT(MGMT, OPTIONAL, device_region)                                                                                \
    FACT(MGMT, OPTIONAL, count_in_scope)                                                                               \
    FACT(MGMT, OPTIONAL, count_migrated)                                                                               \
    FACT(MGMT, OPTIONAL, count_failed_once)                                                                            \
    FACT(MGMT, OPTIONAL, count_failed_many)                                                                            \
    FACT(MGMT, OPTIONAL, count_non_migratable)                                                                         \
    FACT(MGMT, OPTIONAL, count_remaining)                                                                              \
    FACT(MGMT, OPTIONAL, failure_top_code)

#define MAPR_GIVES(FACT)                                                                                               \
    FACT(MAPR, OPTIONAL, map_id)                                                                                       \
    FACT(MAPR, OPTIONAL, device_mpxn)                                                                                  \
    FACT(MAPR, OPTIONAL, device_id)                                                                                    \
    FACT(MAPR, OPTIONAL, device_type)                                                                                  \
    FACT(MAPR, OPTIONAL, device_manufacturer)                                                                          \
    FACT(MAPR, OPTIONAL, device_model)                                                                                 \
    FACT(MAPR, OPTIONAL, device_firmware)                                                                              \
    FACT(MAPR, OPTIONAL, device_status)                                                                                \
    FACT(MAPR, OPTIONAL, device_commissioned)                                                                          \
    FACT(MAPR, OPTIONAL, supplier_mpid)                                                                                \
    FACT(MAPR, OPTIONAL, migration_status)                                                                             \
    FACT(MAPR, OPTIONAL, migration_date)

#endif
