/*
 * The columns of every record that the gateway writes, in the order in which they are written. One line is one column:
 *
 *   COLUMN(layout, need or kind, name in the file, fact that it carries)
 *
 * layout.c makes the const tables of these lists. The code that fills a record proves with the same
 * list that each column has a value (facts.h). A new column is one line here, one line where its fact's value is made
 * if no fact says it yet, and the published schema (formats/README.md, "Adding a file type").
 *
 * Need, of answers: REQUIRED or OPTIONAL, as in struct layout_column. Kind, of reports: PLAIN or FREE_TEXT, as in
 * struct report_column.
 */
#ifndef ECOSGATE_FORMATS_OUTGOING_COLUMNS_H
#define ECOSGATE_FORMATS_OUTGOING_COLUMNS_H

/* ---- answers, work orders, incidents (FILES.md, 1 and 5 to 9) ---- */

/* The header of every file; of reference data a Mode follows it. Before these columns stand type and version, after
 * them (in XML) or in the trailer (in CSV) the count of rows: the writer gives those itself. */
#define FILE_HEADER_COLUMNS(COLUMN)                                                                                    \
    COLUMN(FILE_HEADER, REQUIRED, "SenderId", header_sender)                                                           \
    COLUMN(FILE_HEADER, REQUIRED, "RecipientId", header_recipient)                                                     \
    COLUMN(FILE_HEADER, REQUIRED, "FileSequence", header_sequence)                                                     \
    COLUMN(FILE_HEADER, REQUIRED, "CreationDateTime", header_created)                                                  \
    COLUMN(FILE_HEADER, REQUIRED, "Environment", header_environment)                                                   \
    COLUMN(FILE_HEADER, REQUIRED, "BatchId", header_batch)                                                             \
    COLUMN(FILE_HEADER, OPTIONAL, "ResubmissionOf", header_corrects)

/* EMA, the acknowledgement of a file: one F record about the file, one E record for each finding. */
#define EMA_FILE_COLUMNS(COLUMN)                                                                                       \
    COLUMN(EMA_FILE, REQUIRED, "Name", file_name)                                                                      \
    COLUMN(EMA_FILE, REQUIRED, "SHA256", file_sha256)                                                                  \
    COLUMN(EMA_FILE, REQUIRED, "Size", file_size)                                                                      \
    COLUMN(EMA_FILE, REQUIRED, "ReceivedAt", file_received)                                                            \
    COLUMN(EMA_FILE, REQUIRED, "Outcome", file_outcome)                                                                \
    COLUMN(EMA_FILE, OPTIONAL, "Code", file_code)                                                                      \
    COLUMN(EMA_FILE, OPTIONAL, "Line", file_line)                                                                      \
    COLUMN(EMA_FILE, OPTIONAL, "Column", file_column)                                                                  \
    COLUMN(EMA_FILE, OPTIONAL, "DeclaredCount", file_declared)                                                         \
    COLUMN(EMA_FILE, OPTIONAL, "ParsedCount", file_parsed)                                                             \
    COLUMN(EMA_FILE, OPTIONAL, "RejectedCount", file_rejected)

#define EMA_FINDING_COLUMNS(COLUMN)                                                                                    \
    COLUMN(EMA_FINDING, REQUIRED, "Code", finding_code)                                                                \
    COLUMN(EMA_FINDING, REQUIRED, "Scope", finding_scope)                                                              \
    COLUMN(EMA_FINDING, OPTIONAL, "RecordNumber", record_number)                                                       \
    COLUMN(EMA_FINDING, OPTIONAL, "Field", finding_field)                                                              \
    COLUMN(EMA_FINDING, OPTIONAL, "Value", finding_value)                                                              \
    COLUMN(EMA_FINDING, OPTIONAL, "Text", finding_text)

/* EMD, the response about each Device of an instruction. */
#define EMD_COLUMNS(COLUMN)                                                                                            \
    COLUMN(EMD, REQUIRED, "RecordNumber", record_number)                                                               \
    COLUMN(EMD, OPTIONAL, "DeviceID", device_id)                                                                       \
    COLUMN(EMD, OPTIONAL, "DeviceType", device_type)                                                                   \
    COLUMN(EMD, REQUIRED, "Outcome", decision_outcome)                                                                 \
    COLUMN(EMD, OPTIONAL, "Code", decision_code)                                                                       \
    COLUMN(EMD, OPTIONAL, "Category", decision_category)                                                               \
    COLUMN(EMD, OPTIONAL, "Transient", decision_transient)                                                             \
    COLUMN(EMD, OPTIONAL, "ResolvedBy", decision_resolver)                                                             \
    COLUMN(EMD, OPTIONAL, "WorkItemId", work_item)                                                                     \
    COLUMN(EMD, OPTIONAL, "NextEligible", decision_next_eligible)                                                      \
    COLUMN(EMD, OPTIONAL, "Text", decision_text)

/* EMW, the work order: Devices whose credentials are to be replaced. */
#define EMW_COLUMNS(COLUMN)                                                                                            \
    COLUMN(EMW, REQUIRED, "RecordNumber", record_number)                                                               \
    COLUMN(EMW, REQUIRED, "WorkItemId", work_item)                                                                     \
    COLUMN(EMW, REQUIRED, "DeviceID", device_id)                                                                       \
    COLUMN(EMW, REQUIRED, "DeviceType", device_type)                                                                   \
    COLUMN(EMW, REQUIRED, "DeviceManufacturer", device_manufacturer)                                                   \
    COLUMN(EMW, REQUIRED, "DeviceModel", device_model)                                                                 \
    COLUMN(EMW, REQUIRED, "FirmwareVersion", device_firmware)                                                          \
    COLUMN(EMW, OPTIONAL, "CHFDeviceID", device_hub)                                                                   \
    COLUMN(EMW, REQUIRED, "Try", work_try)                                                                             \
    COLUMN(EMW, REQUIRED, "SessionStart", session_start)                                                               \
    COLUMN(EMW, REQUIRED, "SessionEnd", session_end)

/* EMO, the outcome of each Device of an instruction. */
#define EMO_COLUMNS(COLUMN)                                                                                            \
    COLUMN(EMO, REQUIRED, "RecordNumber", record_number)                                                               \
    COLUMN(EMO, OPTIONAL, "DeviceID", device_id)                                                                       \
    COLUMN(EMO, OPTIONAL, "WorkItemId", work_item)                                                                     \
    COLUMN(EMO, REQUIRED, "Outcome", end_outcome)                                                                      \
    COLUMN(EMO, OPTIONAL, "Code", end_code)                                                                            \
    COLUMN(EMO, OPTIONAL, "Tries", work_tries)                                                                         \
    COLUMN(EMO, OPTIONAL, "EndedAt", end_at)                                                                           \
    COLUMN(EMO, OPTIONAL, "NextEligible", end_next_eligible)

/* INC, the openings and closings of incidents. */
#define INC_COLUMNS(COLUMN)                                                                                            \
    COLUMN(INC, REQUIRED, "RecordNumber", record_number)                                                               \
    COLUMN(INC, REQUIRED, "IncidentId", incident_id)                                                                   \
    COLUMN(INC, REQUIRED, "Event", incident_event)                                                                     \
    COLUMN(INC, REQUIRED, "At", incident_at)                                                                           \
    COLUMN(INC, REQUIRED, "Category", incident_category)                                                               \
    COLUMN(INC, REQUIRED, "Code", incident_code)                                                                       \
    COLUMN(INC, REQUIRED, "Scope", incident_scope)                                                                     \
    COLUMN(INC, OPTIONAL, "FileName", incident_file)                                                                   \
    COLUMN(INC, OPTIONAL, "BatchId", work_batch)                                                                       \
    COLUMN(INC, OPTIONAL, "DeviceID", device_id)                                                                       \
    COLUMN(INC, OPTIONAL, "Parties", incident_parties)                                                                 \
    COLUMN(INC, OPTIONAL, "ResolvedBy", incident_resolver)                                                             \
    COLUMN(INC, OPTIONAL, "Text", incident_text)

/* ---- reports (FILES.md, 10) ---- */

/* The columns that the reports about single Devices begin with. */
#define LEADING_COLUMNS(COLUMN, layout)                                                                                \
    COLUMN(layout, PLAIN, "ReportRef", report_ref)                                                                     \
    COLUMN(layout, PLAIN, "LayoutVersion", report_layout)                                                              \
    COLUMN(layout, PLAIN, "PeriodStart", period_start)                                                                 \
    COLUMN(layout, PLAIN, "PeriodEnd", period_end)                                                                     \
    COLUMN(layout, PLAIN, "SupplierId", supplier_id)                                                                   \
    COLUMN(layout, PLAIN, "SupplierMPID", supplier_mpid)                                                               \
    COLUMN(layout, PLAIN, "DeviceID", device_id)                                                                       \
    COLUMN(layout, PLAIN, "DeviceType", device_type)                                                                   \
    COLUMN(layout, PLAIN, "MPxN", device_mpxn)                                                                         \
    COLUMN(layout, PLAIN, "CHFDeviceID", device_hub)                                                                   \
    COLUMN(layout, PLAIN, "DeviceManufacturer", device_manufacturer)                                                   \
    COLUMN(layout, PLAIN, "DeviceModel", device_model)                                                                 \
    COLUMN(layout, PLAIN, "FirmwareVersion", device_firmware)

#define ECOSMIG_001_COLUMNS(COLUMN)                                                                                    \
    LEADING_COLUMNS(COLUMN, ECOSMIG_001)                                                                               \
    COLUMN(ECOSMIG_001, PLAIN, "BatchId", work_batch)                                                                  \
    COLUMN(ECOSMIG_001, PLAIN, "WorkItemId", work_item)                                                                \
    COLUMN(ECOSMIG_001, PLAIN, "Attempt", work_attempt)                                                                \
    COLUMN(ECOSMIG_001, PLAIN, "MigratedAt", migration_at)                                                             \
    COLUMN(ECOSMIG_001, PLAIN, "TCoSConfirmedAt", migration_tcos_at)                                                   \
    COLUMN(ECOSMIG_001, PLAIN, "ECoSConfirmedAt", migration_ecos_at)                                                   \
    COLUMN(ECOSMIG_001, PLAIN, "CSPRegion", device_region)

#define ECOSMIG_002_COLUMNS(COLUMN)                                                                                    \
    LEADING_COLUMNS(COLUMN, ECOSMIG_002)                                                                               \
    COLUMN(ECOSMIG_002, PLAIN, "BatchId", work_batch)                                                                  \
    COLUMN(ECOSMIG_002, PLAIN, "WorkItemId", work_item)                                                                \
    COLUMN(ECOSMIG_002, PLAIN, "Attempt", work_attempt)                                                                \
    COLUMN(ECOSMIG_002, PLAIN, "FailedAt", failure_at)                                                                 \
    COLUMN(ECOSMIG_002, PLAIN, "Category", failure_category)                                                           \
    COLUMN(ECOSMIG_002, PLAIN, "ErrorCode", failure_code)                                                              \
    COLUMN(ECOSMIG_002, PLAIN, "ErrorName", failure_name)                                                              \
    COLUMN(ECOSMIG_002, PLAIN, "GBCSStatus", result_gbcs)                                                              \
    COLUMN(ECOSMIG_002, PLAIN, "DUISCode", result_duis)                                                                \
    COLUMN(ECOSMIG_002, PLAIN, "Tries", work_tries)                                                                    \
    COLUMN(ECOSMIG_002, PLAIN, "ResolvedBy", failure_resolver)                                                         \
    COLUMN(ECOSMIG_002, PLAIN, "NextAttemptFrom", failure_next_from)                                                   \
    COLUMN(ECOSMIG_002, PLAIN, "CSPRegion", device_region)

#define ECOSMIG_003_COLUMNS(COLUMN)                                                                                    \
    LEADING_COLUMNS(COLUMN, ECOSMIG_003)                                                                               \
    COLUMN(ECOSMIG_003, PLAIN, "SupplyStartDate", supply_start)                                                        \
    COLUMN(ECOSMIG_003, PLAIN, "PreviousAttempts", history_attempts)                                                   \
    COLUMN(ECOSMIG_003, PLAIN, "LastAttemptAt", history_last_at)                                                       \
    COLUMN(ECOSMIG_003, PLAIN, "LastOutcome", history_last_outcome)                                                    \
    COLUMN(ECOSMIG_003, PLAIN, "LastErrorCode", history_last_code)                                                     \
    COLUMN(ECOSMIG_003, PLAIN, "MigrationStatus", migration_status)

#define ECOSMIG_004_COLUMNS(COLUMN)                                                                                    \
    COLUMN(ECOSMIG_004, PLAIN, "ReportRef", report_ref)                                                                \
    COLUMN(ECOSMIG_004, PLAIN, "LayoutVersion", report_layout)                                                         \
    COLUMN(ECOSMIG_004, PLAIN, "PeriodEnd", period_end)                                                                \
    COLUMN(ECOSMIG_004, PLAIN, "SupplierId", supplier_id)                                                              \
    COLUMN(ECOSMIG_004, PLAIN, "SupplierMPID", supplier_mpid)                                                          \
    COLUMN(ECOSMIG_004, PLAIN, "DeviceType", device_type)                                                              \
    COLUMN(ECOSMIG_004, PLAIN, "DeviceManufacturer", device_manufacturer)                                              \
    COLUMN(ECOSMIG_004, PLAIN, "DeviceModel", device_model)                                                            \
    COLUMN(ECOSMIG_004, PLAIN, "FirmwareVersion", device_firmware)                                                     \
    COLUMN(ECOSMIG_004, PLAIN, "NonMigratableSince", non_migratable_since)                                             \
    COLUMN(ECOSMIG_004, PLAIN, "ResolvedBy", non_migratable_resolver)                                                  \
    COLUMN(ECOSMIG_004, PLAIN, "DeviceCount", count_devices)

#define ECOSMIG_005_COLUMNS(COLUMN)                                                                                    \
    COLUMN(ECOSMIG_005, PLAIN, "ReportRef", report_ref)                                                                \
    COLUMN(ECOSMIG_005, PLAIN, "LayoutVersion", report_layout)                                                         \
    COLUMN(ECOSMIG_005, PLAIN, "PeriodStart", period_start)                                                            \
    COLUMN(ECOSMIG_005, PLAIN, "PeriodEnd", period_end)                                                                \
    COLUMN(ECOSMIG_005, PLAIN, "SupplierId", supplier_id)                                                              \
    COLUMN(ECOSMIG_005, PLAIN, "SupplierMPID", supplier_mpid)                                                          \
    COLUMN(ECOSMIG_005, PLAIN, "DeviceType", device_type)                                                              \
    COLUMN(ECOSMIG_005, PLAIN, "Instructed", count_instructed)                                                         \
    COLUMN(ECOSMIG_005, PLAIN, "Rejected", count_rejected)                                                             \
    COLUMN(ECOSMIG_005, PLAIN, "Deferred", count_deferred)                                                             \
    COLUMN(ECOSMIG_005, PLAIN, "Succeeded", count_succeeded)                                                           \
    COLUMN(ECOSMIG_005, PLAIN, "Failed", count_failed)                                                                 \
    COLUMN(ECOSMIG_005, PLAIN, "InProgress", count_in_progress)                                                        \
    COLUMN(ECOSMIG_005, PLAIN, "CumulativeMigrated", count_migrated)                                                   \
    COLUMN(ECOSMIG_005, PLAIN, "RemainingTCoS", count_remaining)

#define ECOSMIG_006_COLUMNS(COLUMN)                                                                                    \
    LEADING_COLUMNS(COLUMN, ECOSMIG_006)                                                                               \
    COLUMN(ECOSMIG_006, PLAIN, "InstalledDate", device_installed)                                                      \
    COLUMN(ECOSMIG_006, PLAIN, "CommissionedDate", device_commissioned)                                                \
    COLUMN(ECOSMIG_006, PLAIN, "DeviceStatus", device_status)                                                          \
    COLUMN(ECOSMIG_006, PLAIN, "SecurityState", migration_status)

#define STRAND_COLUMNS(COLUMN)                                                                                         \
    LEADING_COLUMNS(COLUMN, STRAND)                                                                                    \
    COLUMN(STRAND, PLAIN, "CSPRegion", device_region)                                                                  \
    COLUMN(STRAND, PLAIN, "DeviceStatus", device_status)                                                               \
    COLUMN(STRAND, PLAIN, "MigrationStatus", migration_status)                                                         \
    COLUMN(STRAND, PLAIN, "LastErrorCode", history_last_code)                                                          \
    COLUMN(STRAND, PLAIN, "ResolvedBy", history_resolver)                                                              \
    COLUMN(STRAND, PLAIN, "Sessions", history_sessions)                                                                \
    COLUMN(STRAND, PLAIN, "Tries", work_tries)

#define NMDM_COLUMNS(COLUMN)                                                                                           \
    COLUMN(NMDM, PLAIN, "DeviceType", device_type)                                                                     \
    COLUMN(NMDM, PLAIN, "DeviceManufacturer", device_manufacturer)                                                     \
    COLUMN(NMDM, PLAIN, "DeviceModel", device_model)                                                                   \
    COLUMN(NMDM, PLAIN, "FirmwareVersion", device_firmware)                                                            \
    COLUMN(NMDM, PLAIN, "NonMigratableFrom", non_migratable_from)                                                      \
    COLUMN(NMDM, PLAIN, "NonMigratableTo", non_migratable_to)                                                          \
    COLUMN(NMDM, FREE_TEXT, "ReasonCode", non_migratable_reason)                                                       \
    COLUMN(NMDM, PLAIN, "ResolvedBy", non_migratable_resolver)                                                         \
    COLUMN(NMDM, FREE_TEXT, "FixedInFirmware", non_migratable_fixed_in)

#define MGMT_COLUMNS(COLUMN)                                                                                           \
    COLUMN(MGMT, PLAIN, "PeriodStart", period_start)                                                                   \
    COLUMN(MGMT, PLAIN, "PeriodEnd", period_end)                                                                       \
    COLUMN(MGMT, PLAIN, "DeviceType", device_type)                                                                     \
    COLUMN(MGMT, PLAIN, "CSPRegion", device_region)                                                                    \
    COLUMN(MGMT, PLAIN, "InScope", count_in_scope)                                                                     \
    COLUMN(MGMT, PLAIN, "Migrated", count_migrated)                                                                    \
    COLUMN(MGMT, PLAIN, "FailedOnce", count_failed_once)                                                               \
    COLUMN(MGMT, PLAIN, "FailedMany", count_failed_many)                                                               \
    COLUMN(MGMT, PLAIN, "NonMigratable", count_non_migratable)                                                         \
    COLUMN(MGMT, PLAIN, "Remaining", count_remaining)                                                                  \
    COLUMN(MGMT, PLAIN, "TopErrorCode", failure_top_code)

#define MAPR_COLUMNS(COLUMN)                                                                                           \
    COLUMN(MAPR, PLAIN, "MAPId", map_id)                                                                               \
    COLUMN(MAPR, PLAIN, "MPxN", device_mpxn)                                                                           \
    COLUMN(MAPR, PLAIN, "DeviceID", device_id)                                                                         \
    COLUMN(MAPR, PLAIN, "DeviceType", device_type)                                                                     \
    COLUMN(MAPR, PLAIN, "DeviceManufacturer", device_manufacturer)                                                     \
    COLUMN(MAPR, PLAIN, "DeviceModel", device_model)                                                                   \
    COLUMN(MAPR, PLAIN, "FirmwareVersion", device_firmware)                                                            \
    COLUMN(MAPR, PLAIN, "DeviceStatus", device_status)                                                                 \
    COLUMN(MAPR, PLAIN, "CommissionedDate", device_commissioned)                                                       \
    COLUMN(MAPR, PLAIN, "SupplierMPID", supplier_mpid)                                                                 \
    COLUMN(MAPR, PLAIN, "ECoSMigrationStatus", migration_status)                                                       \
    COLUMN(MAPR, PLAIN, "ECoSMigrationDate", migration_date)

#endif
