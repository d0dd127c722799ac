/*
 * The columns of every record that the gateway writes, in the order in which they are written. One line is one column:
 *
 *   COLUMN(layout, need or kind, name in the file, name of the fact that it carries)
 *
 * layout.c and report_layout.c make the const tables of these lists. The code that fills a record proves with the same
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
    COLUMN(FILE_HEADER, REQUIRED, "SenderId", sender_id)                                                               \
    COLUMN(FILE_HEADER, REQUIRED, "RecipientId", recipient_id)                                                         \
    COLUMN(FILE_HEADER, REQUIRED, "FileSequence", file_sequence)                                                       \
    COLUMN(FILE_HEADER, REQUIRED, "CreationDateTime", created_at)                                                      \
    COLUMN(FILE_HEADER, REQUIRED, "Environment", environment)                                                          \
    COLUMN(FILE_HEADER, REQUIRED, "BatchId", batch_id)                                                                 \
    COLUMN(FILE_HEADER, OPTIONAL, "ResubmissionOf", resubmission_of)

/* EMA, the acknowledgement of a file: one F record about the file, one E record for each finding. */
#define EMA_FILE_COLUMNS(COLUMN)                                                                                       \
    COLUMN(EMA_FILE, REQUIRED, "Name", name)                                                                           \
    COLUMN(EMA_FILE, REQUIRED, "SHA256", sha256)                                                                       \
    COLUMN(EMA_FILE, REQUIRED, "Size", size)                                                                           \
    COLUMN(EMA_FILE, REQUIRED, "ReceivedAt", received_at)                                                              \
    COLUMN(EMA_FILE, REQUIRED, "Outcome", outcome)                                                                     \
    COLUMN(EMA_FILE, OPTIONAL, "Code", code)                                                                           \
    COLUMN(EMA_FILE, OPTIONAL, "Line", line)                                                                           \
    COLUMN(EMA_FILE, OPTIONAL, "Column", column)                                                                       \
    COLUMN(EMA_FILE, OPTIONAL, "DeclaredCount", declared_count)                                                        \
    COLUMN(EMA_FILE, OPTIONAL, "ParsedCount", parsed_count)                                                            \
    COLUMN(EMA_FILE, OPTIONAL, "RejectedCount", rejected_count)

#define EMA_FINDING_COLUMNS(COLUMN)                                                                                    \
    COLUMN(EMA_FINDING, REQUIRED, "Code", code)                                                                        \
    COLUMN(EMA_FINDING, REQUIRED, "Scope", scope)                                                                      \
    COLUMN(EMA_FINDING, OPTIONAL, "RecordNumber", record_number)                                                       \
    COLUMN(EMA_FINDING, OPTIONAL, "Field", field)                                                                      \
    COLUMN(EMA_FINDING, OPTIONAL, "Value", value)                                                                      \
    COLUMN(EMA_FINDING, OPTIONAL, "Text", text)

/* EMD, the response about each Device of an instruction. */
#define EMD_COLUMNS(COLUMN)                                                                                            \
    COLUMN(EMD, REQUIRED, "RecordNumber", record_number)                                                               \
    COLUMN(EMD, OPTIONAL, "DeviceID", device_id)                                                                       \
    COLUMN(EMD, OPTIONAL, "DeviceType", device_type)                                                                   \
    COLUMN(EMD, REQUIRED, "Outcome", outcome)                                                                          \
    COLUMN(EMD, OPTIONAL, "Code", code)                                                                                \
    COLUMN(EMD, OPTIONAL, "Category", category)                                                                        \
    COLUMN(EMD, OPTIONAL, "Transient", transient)                                                                      \
    COLUMN(EMD, OPTIONAL, "ResolvedBy", resolved_by)                                                                   \
    COLUMN(EMD, OPTIONAL, "WorkItemId", work_item_id)                                                                  \
    COLUMN(EMD, OPTIONAL, "NextEligible", next_eligible)                                                               \
    COLUMN(EMD, OPTIONAL, "Text", text)

/* EMW, the work order: Devices whose credentials are to be replaced. */
#define EMW_COLUMNS(COLUMN)                                                                                            \
    COLUMN(EMW, REQUIRED, "RecordNumber", record_number)                                                               \
    COLUMN(EMW, REQUIRED, "WorkItemId", work_item_id)                                                                  \
    COLUMN(EMW, REQUIRED, "DeviceID", device_id)                                                                       \
    COLUMN(EMW, REQUIRED, "DeviceType", device_type)                                                                   \
    COLUMN(EMW, REQUIRED, "DeviceManufacturer", manufacturer)                                                          \
    COLUMN(EMW, REQUIRED, "DeviceModel", model)                                                                        \
    COLUMN(EMW, REQUIRED, "FirmwareVersion", firmware)                                                                 \
    COLUMN(EMW, OPTIONAL, "CHFDeviceID", chf_device_id)                                                                \
    COLUMN(EMW, REQUIRED, "Try", try_number)                                                                           \
    COLUMN(EMW, REQUIRED, "SessionStart", session_start)                                                               \
    COLUMN(EMW, REQUIRED, "SessionEnd", session_end)

/* EMO, the outcome of each Device of an instruction. */
#define EMO_COLUMNS(COLUMN)                                                                                            \
    COLUMN(EMO, REQUIRED, "RecordNumber", record_number)                                                               \
    COLUMN(EMO, OPTIONAL, "DeviceID", device_id)                                                                       \
    COLUMN(EMO, OPTIONAL, "WorkItemId", work_item_id)                                                                  \
    COLUMN(EMO, REQUIRED, "Outcome", outcome)                                                                          \
    COLUMN(EMO, OPTIONAL, "Code", code)                                                                                \
    COLUMN(EMO, OPTIONAL, "Tries", tries)                                                                              \
    COLUMN(EMO, OPTIONAL, "EndedAt", ended_at)                                                                         \
    COLUMN(EMO, OPTIONAL, "NextEligible", next_eligible)

/* INC, the openings and closings of incidents. */
#define INC_COLUMNS(COLUMN)                                                                                            \
    COLUMN(INC, REQUIRED, "RecordNumber", record_number)                                                               \
    COLUMN(INC, REQUIRED, "IncidentId", incident_id)                                                                   \
    COLUMN(INC, REQUIRED, "Event", event)                                                                              \
    COLUMN(INC, REQUIRED, "At", at)                                                                                    \
    COLUMN(INC, REQUIRED, "Category", category)                                                                        \
    COLUMN(INC, REQUIRED, "Code", code)                                                                                \
    COLUMN(INC, REQUIRED, "Scope", scope)                                                                              \
    COLUMN(INC, OPTIONAL, "FileName", file_name)                                                                       \
    COLUMN(INC, OPTIONAL, "BatchId", batch_id)                                                                         \
    COLUMN(INC, OPTIONAL, "DeviceID", device_id)                                                                       \
    COLUMN(INC, OPTIONAL, "Parties", parties)                                                                          \
    COLUMN(INC, OPTIONAL, "ResolvedBy", resolved_by)                                                                   \
    COLUMN(INC, OPTIONAL, "Text", text)

/* ---- reports (FILES.md, 10) ---- */

/* The columns that the reports about single Devices begin with. */
#define LEADING_COLUMNS(COLUMN, layout)                                                                                \
    COLUMN(layout, PLAIN, "ReportRef", report_ref)                                                                     \
    COLUMN(layout, PLAIN, "LayoutVersion", layout_version)                                                             \
    COLUMN(layout, PLAIN, "PeriodStart", period_start)                                                                 \
    COLUMN(layout, PLAIN, "PeriodEnd", period_end)                                                                     \
    COLUMN(layout, PLAIN, "SupplierId", supplier_id)                                                                   \
    COLUMN(layout, PLAIN, "SupplierMPID", supplier_mpid)                                                               \
    COLUMN(layout, PLAIN, "DeviceID", device_id)                                                                       \
    COLUMN(layout, PLAIN, "DeviceType", device_type)                                                                   \
    COLUMN(layout, PLAIN, "MPxN", mpxn)                                                                                \
    COLUMN(layout, PLAIN, "CHFDeviceID", chf_device_id)                                                                \
    COLUMN(layout, PLAIN, "DeviceManufacturer", manufacturer)                                                          \
    COLUMN(layout, PLAIN, "DeviceModel", model)                                                                        \
    COLUMN(layout, PLAIN, "FirmwareVersion", firmware)

#define ECOSMIG_001_COLUMNS(COLUMN)                                                                                    \
    LEADING_COLUMNS(COLUMN, ECOSMIG_001)                                                                               \
    COLUMN(ECOSMIG_001, PLAIN, "BatchId", batch_id)                                                                    \
    COLUMN(ECOSMIG_001, PLAIN, "WorkItemId", work_item_id)                                                             \
    COLUMN(ECOSMIG_001, PLAIN, "Attempt", attempt)                                                                     \
    COLUMN(ECOSMIG_001, PLAIN, "MigratedAt", migrated_at)                                                              \
    COLUMN(ECOSMIG_001, PLAIN, "TCoSConfirmedAt", tcos_confirmed_at)                                                   \
    COLUMN(ECOSMIG_001, PLAIN, "ECoSConfirmedAt", ecos_confirmed_at)                                                   \
    COLUMN(ECOSMIG_001, PLAIN, "CSPRegion", csp_region)

#define ECOSMIG_002_COLUMNS(COLUMN)                                                                                    \
    LEADING_COLUMNS(COLUMN, ECOSMIG_002)                                                                               \
    COLUMN(ECOSMIG_002, PLAIN, "BatchId", batch_id)                                                                    \
    COLUMN(ECOSMIG_002, PLAIN, "WorkItemId", work_item_id)                                                             \
    COLUMN(ECOSMIG_002, PLAIN, "Attempt", attempt)                                                                     \
    COLUMN(ECOSMIG_002, PLAIN, "FailedAt", failed_at)                                                                  \
    COLUMN(ECOSMIG_002, PLAIN, "Category", category)                                                                   \
    COLUMN(ECOSMIG_002, PLAIN, "ErrorCode", error_code)                                                                \
    COLUMN(ECOSMIG_002, PLAIN, "ErrorName", error_name)                                                                \
    COLUMN(ECOSMIG_002, PLAIN, "GBCSStatus", gbcs_status)                                                              \
    COLUMN(ECOSMIG_002, PLAIN, "DUISCode", duis_code)                                                                  \
    COLUMN(ECOSMIG_002, PLAIN, "Tries", tries)                                                                         \
    COLUMN(ECOSMIG_002, PLAIN, "ResolvedBy", resolved_by)                                                              \
    COLUMN(ECOSMIG_002, PLAIN, "NextAttemptFrom", next_attempt_from)                                                   \
    COLUMN(ECOSMIG_002, PLAIN, "CSPRegion", csp_region)

#define ECOSMIG_003_COLUMNS(COLUMN)                                                                                    \
    LEADING_COLUMNS(COLUMN, ECOSMIG_003)                                                                               \
    COLUMN(ECOSMIG_003, PLAIN, "SupplyStartDate", supply_start_date)                                                   \
    COLUMN(ECOSMIG_003, PLAIN, "PreviousAttempts", previous_attempts)                                                  \
    COLUMN(ECOSMIG_003, PLAIN, "LastAttemptAt", last_attempt_at)                                                       \
    COLUMN(ECOSMIG_003, PLAIN, "LastOutcome", last_outcome)                                                            \
    COLUMN(ECOSMIG_003, PLAIN, "LastErrorCode", last_error_code)                                                       \
    COLUMN(ECOSMIG_003, PLAIN, "MigrationStatus", migration_status)

#define ECOSMIG_004_COLUMNS(COLUMN)                                                                                    \
    COLUMN(ECOSMIG_004, PLAIN, "ReportRef", report_ref)                                                                \
    COLUMN(ECOSMIG_004, PLAIN, "LayoutVersion", layout_version)                                                        \
    COLUMN(ECOSMIG_004, PLAIN, "PeriodEnd", period_end)                                                                \
    COLUMN(ECOSMIG_004, PLAIN, "SupplierId", supplier_id)                                                              \
    COLUMN(ECOSMIG_004, PLAIN, "SupplierMPID", supplier_mpid)                                                          \
    COLUMN(ECOSMIG_004, PLAIN, "DeviceType", device_type)                                                              \
    COLUMN(ECOSMIG_004, PLAIN, "DeviceManufacturer", manufacturer)                                                     \
    COLUMN(ECOSMIG_004, PLAIN, "DeviceModel", model)                                                                   \
    COLUMN(ECOSMIG_004, PLAIN, "FirmwareVersion", firmware)                                                            \
    COLUMN(ECOSMIG_004, PLAIN, "NonMigratableSince", non_migratable_since)                                             \
    COLUMN(ECOSMIG_004, PLAIN, "ResolvedBy", resolved_by)                                                              \
    COLUMN(ECOSMIG_004, PLAIN, "DeviceCount", device_count)

#define ECOSMIG_005_COLUMNS(COLUMN)                                                                                    \
    COLUMN(ECOSMIG_005, PLAIN, "ReportRef", report_ref)                                                                \
    COLUMN(ECOSMIG_005, PLAIN, "LayoutVersion", layout_version)                                                        \
    COLUMN(ECOSMIG_005, PLAIN, "PeriodStart", period_start)                                                            \
    COLUMN(ECOSMIG_005, PLAIN, "PeriodEnd", period_end)                                                                \
    COLUMN(ECOSMIG_005, PLAIN, "SupplierId", supplier_id)                                                              \
    COLUMN(ECOSMIG_005, PLAIN, "SupplierMPID", supplier_mpid)                                                          \
    COLUMN(ECOSMIG_005, PLAIN, "DeviceType", device_type)                                                              \
    COLUMN(ECOSMIG_005, PLAIN, "Instructed", instructed)                                                               \
    COLUMN(ECOSMIG_005, PLAIN, "Rejected", rejected)                                                                   \
    COLUMN(ECOSMIG_005, PLAIN, "Deferred", deferred)                                                                   \
    COLUMN(ECOSMIG_005, PLAIN, "Succeeded", succeeded)                                                                 \
    COLUMN(ECOSMIG_005, PLAIN, "Failed", failed)                                                                       \
    COLUMN(ECOSMIG_005, PLAIN, "InProgress", in_progress)                                                              \
    COLUMN(ECOSMIG_005, PLAIN, "CumulativeMigrated", cumulative_migrated)                                              \
    COLUMN(ECOSMIG_005, PLAIN, "RemainingTCoS", remaining_tcos)

#define ECOSMIG_006_COLUMNS(COLUMN)                                                                                    \
    LEADING_COLUMNS(COLUMN, ECOSMIG_006)                                                                               \
    COLUMN(ECOSMIG_006, PLAIN, "InstalledDate", installed_date)                                                        \
    COLUMN(ECOSMIG_006, PLAIN, "CommissionedDate", commissioned_date)                                                  \
    COLUMN(ECOSMIG_006, PLAIN, "DeviceStatus", device_status)                                                          \
    COLUMN(ECOSMIG_006, PLAIN, "SecurityState", migration_status)

#define STRAND_COLUMNS(COLUMN)                                                                                         \
    LEADING_COLUMNS(COLUMN, STRAND)                                                                                    \
    COLUMN(STRAND, PLAIN, "CSPRegion", csp_region)                                                                     \
    COLUMN(STRAND, PLAIN, "DeviceStatus", device_status)                                                               \
    COLUMN(STRAND, PLAIN, "MigrationStatus", migration_status)                                                         \
    COLUMN(STRAND, PLAIN, "LastErrorCode", last_error_code)                                                            \
    COLUMN(STRAND, PLAIN, "ResolvedBy", resolved_by)                                                                   \
    COLUMN(STRAND, PLAIN, "Sessions", sessions)                                                                        \
    COLUMN(STRAND, PLAIN, "Tries", tries)

#define NMDM_COLUMNS(COLUMN)                                                                                           \
    COLUMN(NMDM, PLAIN, "DeviceType", device_type)                                                                     \
    COLUMN(NMDM, PLAIN, "DeviceManufacturer", manufacturer)                                                            \
    COLUMN(NMDM, PLAIN, "DeviceModel", model)                                                                          \
    COLUMN(NMDM, PLAIN, "FirmwareVersion", firmware)                                                                   \
    COLUMN(NMDM, PLAIN, "NonMigratableFrom", non_migratable_from)                                                      \
    COLUMN(NMDM, PLAIN, "NonMigratableTo", non_migratable_to)                                                          \
    COLUMN(NMDM, FREE_TEXT, "ReasonCode", reason_code)                                                                 \
    COLUMN(NMDM, PLAIN, "ResolvedBy", resolved_by)                                                                     \
    COLUMN(NMDM, FREE_TEXT, "FixedInFirmware", fixed_in_firmware)

#define MGMT_COLUMNS(COLUMN)                                                                                           \
    COLUMN(MGMT, PLAIN, "PeriodStart", period_start)                                                                   \
    COLUMN(MGMT, PLAIN, "PeriodEnd", period_end)                                                                       \
    COLUMN(MGMT, PLAIN, "DeviceType", device_type)                                                                     \
    COLUMN(MGMT, PLAIN, "CSPRegion", csp_region)                                                                       \
    COLUMN(MGMT, PLAIN, "InScope", in_scope)                                                                           \
    COLUMN(MGMT, PLAIN, "Migrated", migrated)                                                                          \
    COLUMN(MGMT, PLAIN, "FailedOnce", failed_once)                                                                     \
    COLUMN(MGMT, PLAIN, "FailedMany", failed_many)                                                                     \
    COLUMN(MGMT, PLAIN, "NonMigratable", non_migratable)                                                               \
    COLUMN(MGMT, PLAIN, "Remaining", remaining)                                                                        \
    COLUMN(MGMT, PLAIN, "TopErrorCode", top_error_code)

#define MAPR_COLUMNS(COLUMN)                                                                                           \
    COLUMN(MAPR, PLAIN, "MAPId", map_id)                                                                               \
    COLUMN(MAPR, PLAIN, "MPxN", mpxn)                                                                                  \
    COLUMN(MAPR, PLAIN, "DeviceID", device_id)                                                                         \
    COLUMN(MAPR, PLAIN, "DeviceType", device_type)                                                                     \
    COLUMN(MAPR, PLAIN, "DeviceManufacturer", manufacturer)                                                            \
    COLUMN(MAPR, PLAIN, "DeviceModel", model)                                                                          \
    COLUMN(MAPR, PLAIN, "FirmwareVersion", firmware)                                                                   \
    COLUMN(MAPR, PLAIN, "DeviceStatus", device_status)                                                                 \
    COLUMN(MAPR, PLAIN, "CommissionedDate", commissioned_date)                                                         \
    COLUMN(MAPR, PLAIN, "SupplierMPID", supplier_mpid)                                                                 \
    COLUMN(MAPR, PLAIN, "ECoSMigrationStatus", migration_status)                                                       \
    COLUMN(MAPR, PLAIN, "ECoSMigrationDate", migrated_date)

#endif
