"""Hand-worked cases of the model: what gateway/DEVICES.md says, said once more as histories of a line each.

A history is steps joined by " | ", a step is a time, a verb and its arguments:

    0 instruct a b         an instruction for the Devices a and b, one batch each time
    1m result a FAILED E20          E20, GBCS status 10 or alert 8F1E; "try 1" for a try that is not the newest
    5m result a SUCCESS k           with the key k of the subject S; "on T": T was there before
    7m result a TIMEOUT at 1m       its LastTry; "of 1m": in a file that was made then
    1h confirm a Y k                k; N has none; "of T": of the subject T
    9m pass                         nothing comes, time alone
    9m end a failed                 an operator ends its work, as migrated or failed
    9m release a                    an operator says that nothing stands against it
    1d late a k            success of the first work item of a; lateconfirm: its confirmation
    0 instruct a & event 2023-07-10 both come in one pass

Times count from 2023-07-03T12:00:00Z. What must be so in the end: the state of the newest work item of each Device, its
code, the newest try, what is due and NextEligible, findings of the last file, how many tries were ordered in all, and
in the last pass for which Devices.
"""
import collections
import re

from model_files import File
from model_history import Event, History
from model_rules import MODEL
from model_items import Settings
from model_state import Model
from model_time import DAY, HOUR, MINUTE, text_of, time_of

START = time_of("2023-07-03T12:00:00Z")
UNITS = {"s": 1, "m": MINUTE, "h": HOUR, "d": DAY}
DEVICES = {name: f"00-DB-12-34-56-78-00-{0xA0 + n:02X}" for n, name in enumerate("abcdefgh")}
EMI = {"DeviceType": "ESME", "DeviceManufacturer": "AB01", "DeviceModel": "010A030B", "FirmwareVersion": "0002012F",
       "MPxN": "1012345678903", "CHFDeviceID": "00-DB-12-34-56-78-90-C0", "CSPRegion": "Central", "Attempt": "1"}
EMT = dict.fromkeys(("GBCSStatus", "DUISCode", "AlertCode", "FirstTry", "LastTry", "OriginatorCounter",
                     "ExistingSubjectId",
                     "ExistingKeyId", "ReplacingSubjectId", "ReplacingKeyId"), "")
INV = {**EMI, "Action": "SET", "DeviceStatus": "Commissioned", "SupplierId": "90-B3-D5-1F-30-05-00-01", "MAPId": "",
       "InstalledDate": "2023-01-01", "CommissionedDate": "2023-01-01", "Credentials": "TCOS", "Pending": ""}

FAIL = "0 instruct a | 1m result a FAILED E20"
AGAIN = "0 instruct a | 2m result a NOT_ATTEMPTED at 1m | 7m pass | "  # the first try, ordered twice
EIGHT = FAIL + "".join(f" | {at}m pass | {at}m result a FAILED E20" for at in (6, 11, 21, 41, 81, 161, 321))

MIGRATED = "0 instruct a | 1m result a SUCCESS k | 2m confirm a Y k | %s"
RESOLVED = "0 inventory a | 0 instruct a | 1m result a FAILED 17 | 1d %s"

# title, history, what must be so: "a STATE code=… try=… due=… next=… tries=… ordered=… last=… found=…"
CASES = [
    ("instructed and dispatched", "0 instruct a", "a DISPATCHED try=1 ordered=1"),
    ("a first failure waits 5 minutes", FAIL, "a RETRY_WAIT code=D101 due=6m try=1"),
    ("it is not dispatched before", FAIL + " | 359s pass", "a RETRY_WAIT ordered=1"),
    ("then it is", FAIL + " | 6m pass", "a DISPATCHED try=2 ordered=2"),
    ("the second delay is 5 minutes too", FAIL + " | 6m pass | 7m result a TIMEOUT", "a RETRY_WAIT code=D103 due=12m"),
    ("the third is 10", FAIL + " | 6m pass | 7m result a FAILED | 12m pass | 13m result a FAILED E21",
     "a RETRY_WAIT code=D102 due=23m"),
    ("the eighth is 320", EIGHT, "a RETRY_WAIT due=641m try=8"),
    ("after the last one there is no further try", EIGHT + " | 641m pass | 650m result a FAILED E20",
     "a FAILED code=D101 try=9 tries=9 next=31d ordered=9"),
    ("a permanent code ends it at once", "0 instruct a | 1m result a FAILED 10", "a FAILED code=D110 tries=1 next=31d"),
    ("who waits longest goes first",
     "0 instruct a b c | 1m result b FAILED | 2m result a FAILED | 2m result c FAILED | 9m pass",
     "a DISPATCHED last=bac"),
    ("of several codes the permanent one", "0 instruct a | 1m result a FAILED E20 8F1E 30", "a FAILED code=D140"),
    ("of passing codes the first", "0 instruct a | 1m result a FAILED E21 819D 30", "a RETRY_WAIT code=D102"),
    ("an alert that is not known says nothing", "0 instruct a | 1m result a TIMEOUT 8FFF", "a RETRY_WAIT code=D103"),
    ("another GBCS status is D127", "0 instruct a | 1m result a FAILED 6", "a RETRY_WAIT code=D127"),
    ("a delay that reaches the session's end ends it", "0 instruct a | 1435m result a FAILED E20",
     "a FAILED code=D101 next=31d"),
    ("one that does not goes on", "0 instruct a | 86099s result a FAILED E20", "a RETRY_WAIT due=86399s"),
    ("the session's end is D103", "0 instruct a | 24h pass", "a FAILED code=D103 tries=1 next=31d"),
    ("a second before it is not", "0 instruct a | 86399s pass", "a DISPATCHED"),
    ("in RETRY_WAIT it is the last code", "0 instruct a | 1425m result a FAILED E21 | 24h pass", "a FAILED code=D102"),
    ("a result after the end is too late", "0 instruct a | 24h result a FAILED E20", "a FAILED code=D103 found=C119"),
    ("a success after the end is recorded", "0 instruct a | 25h result a SUCCESS k", "a FAILED code=D103 found=C119"),
    ("a confirmation too", "0 instruct a | 25h confirm a Y k | 32d instruct a", "a REJECTED code=C108"),
    ("so that the Device gets C108", "0 instruct a | 25h result a SUCCESS k | 32d instruct a", "a REJECTED code=C108"),
    ("both sides after the end: it has migrated", "0 instruct a | 25h result a SUCCESS k | 26h confirm a Y k",
     "a MIGRATED code= next= found="),
    ("in the other order too", "0 instruct a | 25h confirm a Y k | 26h result a SUCCESS k", "a MIGRATED code= found="),
    ("one of them before the end", "0 instruct a | 1m confirm a N | 25h result a SUCCESS k | 26h confirm a Y k",
     "a MIGRATED code="),
    ("another key late is no agreement", "0 instruct a | 25h result a SUCCESS k | 26h confirm a Y other",
     "a FAILED code=D103 due= found=C119"),
    ("and may be corrected", "0 instruct a | 25h result a SUCCESS k | 26h confirm a Y other | 27h confirm a Y k",
     "a MIGRATED found="),
    ("or by the TCoS side",
     "0 instruct a | 25h result a SUCCESS k | 26h confirm a Y other | 27h result a SUCCESS other",
     "a MIGRATED found="),
    ("N takes a late Y back", "0 instruct a | 25h confirm a Y k | 26h confirm a N | 27h result a SUCCESS k",
     "a FAILED code=D103 found=C119"),
    ("a late N alone says what the end says", "0 instruct a | 25h confirm a N", "a FAILED due= found=C119"),
    ("unless the TCoS side says something else", "0 instruct a | 25h result a SUCCESS k | 26h confirm a N",
     "a FAILED due= found=C119"),
    ("a late success waits for the other side", "0 instruct a | 25h result a SUCCESS k", "a FAILED due=49h"),
    ("for so long", "0 instruct a | 25h result a SUCCESS k | 49h pass", "a FAILED code=D103 due="),
    ("a result takes a late success back", "0 instruct a | 25h result a SUCCESS k | 26h result a FAILED E20 | "
     "32d instruct a", "a DISPATCHED"),
    ("a permanent failure is corrected too", "0 instruct a | 1m result a FAILED 10 | 2m result a SUCCESS k | "
     "3m confirm a Y k", "a MIGRATED code= next= tries=1"),
    ("what was not attempted and succeeds was", "0 instruct a | 1434m result a NOT_ATTEMPTED | 24h pass | "
     "25h result a SUCCESS k | 26h confirm a Y k", "a MIGRATED tries=1"),
    ("after it what contradicts is refused",
     "0 instruct a | 25h result a SUCCESS k | 26h confirm a Y k | 27h confirm a N",
     "a MIGRATED found=C121"),
    ("a newer work item is not ordered again",
     "0 instruct a | 24h pass | 31d instruct a | 44641m result a FAILED E20 | "
     "44642m late a k | 44643m lateconfirm a k | 44646m pass", "a FAILED code=C108 ordered=2"),
    ("one side's success of a live work item is C110", "0 instruct a | 1m result a SUCCESS k | 1h instruct a",
     "a DEFERRED code=C110"),
    ("a missing confirmation is an incident", "0 instruct a | 1m result a SUCCESS k | 1441m pass",
     "a CONFIRM_PENDING code=D150 open=D150 emos=0"),
    ("which ends with it", "0 instruct a | 1m result a SUCCESS k | 1441m pass | 2d confirm a Y k",
     "a MIGRATED open= emos=1"),
    ("or becomes a contradiction", "0 instruct a | 1m result a SUCCESS k | 1441m pass | 2d confirm a N",
     "a CONFIRM_MISMATCH open=D151"),
    ("an alert of integrity is one too", "0 instruct a | 1m result a FAILED 8F1E", "a FAILED code=D140 open=D140"),
    ("until the Device is instructed again", "0 instruct a | 1m result a FAILED 8F1E | 31d instruct a",
     "a DISPATCHED open="),
    ("or succeeds late", "0 instruct a | 1m result a FAILED 8F1E | 2m result a SUCCESS k | 3m confirm a Y k",
     "a MIGRATED open= emos=2"),
    ("a late success of one side is one after a time", "0 instruct a | 1m result a FAILED 10 | 2m result a SUCCESS k | "
     "1442m pass", "a FAILED code=D110 open=D150"),
    ("at once if the sides disagree", "0 instruct a | 1m result a FAILED 10 | 2m result a SUCCESS k | 3m confirm a N",
     "a FAILED code=D110 open=D151"),
    ("an outcome is not waited for for ever",
     "0 instruct a b | 1m result a SUCCESS k | 2m result b FAILED 10 | 9d pass",
     "a CONFIRM_PENDING code=D150 emos=1"),
    ("but for a week after its last session should have ended", "0 instruct a | 1m result a SUCCESS k | 691199s pass",
     "a CONFIRM_PENDING emos=0"),
    ("to the second", "0 instruct a | 1m result a SUCCESS k | 8d pass", "a CONFIRM_PENDING emos=1"),
    ("or another time", "0 instruct a | 1m result a SUCCESS k | 2d pass", "a CONFIRM_PENDING emos=1",
     {"outcome_wait": DAY}),
    ("when they have ended there is a further one", "0 instruct a b | 1m result a SUCCESS k | 1m result b SUCCESS k | "
     "9d confirm a Y k | 10d confirm b Y k", "a MIGRATED; b MIGRATED emos=2"),
    ("and one for each that is corrected",
     "0 instruct a b | 1m result a SUCCESS k | 2m result b FAILED 10 | 3m result b SUCCESS k | 9d confirm b Y k",
     "a CONFIRM_PENDING; b MIGRATED emos=2"),
    ("a Device that was not ordered is waited for", "-2h instruct a | 191h pass", "a READY emos=0",
     {"dispatch_hours": (12, 13), "outcome_wait": HOUR}),
    ("an operator ends it as migrated", "0 instruct a | 1m result a SUCCESS k | 2d end a migrated",
     "a MIGRATED code= open= emos=1"),
    ("or as failed", "0 instruct a | 1m confirm a Y k | 2d end a failed", "a FAILED code=D150 next=31d open= emos=1"),
    ("one that disagrees too", "0 instruct a | 1m result a SUCCESS k | 2m confirm a N | 2d end a failed",
     "a FAILED code=D151 open= emos=1"),
    ("no other", "0 instruct a | 2m end a failed", "a DISPATCHED emos=0"),
    ("what was stated before is overruled", "0 instruct a | 1m result a SUCCESS k | 2d end a failed | 32d instruct a",
     "a DISPATCHED"),
    ("what is stated after it is not",
     "0 instruct a | 1m result a SUCCESS k | 2d end a failed | 3d result a SUCCESS other | 32d instruct a",
     "a REJECTED code=C108"),
    ("the other side may still agree", "0 instruct a | 1m result a SUCCESS k | 2d end a failed | 3d confirm a Y k",
     "a MIGRATED emos=2"),
    ("ended as migrated what agrees is known", "0 instruct a | 1m result a SUCCESS k | 2d end a migrated | "
     "3d confirm a Y k", "a MIGRATED found=C119"),
    ("what does not contradicts", "0 instruct a | 1m result a SUCCESS k | 2d end a migrated | 3d confirm a N",
     "a MIGRATED found=C121"),
    ("and it is not instructed again", "0 instruct a | 1m result a SUCCESS k | 2m confirm a N | 2d end a migrated | "
     "32d instruct a", "a REJECTED code=C108"),
    ("the new credentials cannot be those before",
     "0 instruct a | 1m result a SUCCESS AA on S", "a DISPATCHED found=C121"),
    ("nor can they be confirmed", "0 instruct a | 1m result a SUCCESS AA on T | 2m confirm a Y AA of T",
     "a CONFIRM_PENDING found=C121"),
    ("which other credentials can",
     "0 instruct a | 1m result a SUCCESS AA on T | 2m confirm a Y AA", "a MIGRATED found="),
    ("ids of bytes are compared as bytes", "0 instruct a | 1m result a SUCCESS 9A-0B | 2m confirm a Y 9a0b",
     "a MIGRATED found="),
    ("other ids are not", "0 instruct a | 1m result a SUCCESS key | 2m confirm a Y KEY", "a CONFIRM_MISMATCH"),
    ("where the ECoS subject is known it must be it",
     "0 instruct a | 1m result a SUCCESS AA on 90-B3-D5-1F-30-02-00-00", "a DISPATCHED found=C121",
     {"ecos_subject": "90-B3-D5-1F-30-02-00-00"}),
    ("in a confirmation too", "0 instruct a | 1m confirm a Y AA", "a DISPATCHED found=C121",
     {"ecos_subject": "90-B3-D5-1F-30-02-00-00"}),
    ("and nothing else", "0 instruct a | 1m confirm a Y AA of 90B3D51F30020000", "a CONFIRM_PENDING found=",
     {"ecos_subject": "90-B3-D5-1F-30-02-00-00"}),
    ("NOT_ATTEMPTED costs no try", "0 instruct a | 1m result a NOT_ATTEMPTED",
     "a RETRY_WAIT code= due=6m try=1 tries=0"),
    ("and is ordered again as the same", "0 instruct a | 1m result a NOT_ATTEMPTED | 6m pass",
     "a DISPATCHED try=1 tries=1 ordered=2"),
    ("and uses no delay", FAIL + " | 6m pass | 7m result a NOT_ATTEMPTED | 12m pass | 13m result a FAILED E20",
     "a RETRY_WAIT due=18m try=2"),
    ("said again after that it is not said twice", AGAIN + "7m result a NOT_ATTEMPTED at 1m",
     "a DISPATCHED found=C119"),
    ("nor is another result of the first order", AGAIN + "7m result a FAILED 10 at 2m", "a DISPATCHED found=C119"),
    ("one of the second order counts", AGAIN + "7m result a NOT_ATTEMPTED at 3m", "a RETRY_WAIT due=12m found="),
    ("without a time its file's counts", AGAIN + "7m result a NOT_ATTEMPTED of 2m", "a DISPATCHED found=C119"),
    ("the file made later too", AGAIN + "7m result a NOT_ATTEMPTED", "a RETRY_WAIT due=12m found="),
    ("a time before the try was ordered is not the try's", FAIL +
     " | 6m pass | 7m result a NOT_ATTEMPTED at 1m | 12m pass | "
     "13m result a NOT_ATTEMPTED at 1m", "a RETRY_WAIT due=18m found="),
    ("a clock that is ahead says it again all the same", "0 instruct a | 1m result a NOT_ATTEMPTED at 3m | 6m pass | "
     "7m result a NOT_ATTEMPTED at 3m", "a DISPATCHED found=C119"),
    ("what is of the first order takes no success back", AGAIN + "7m result a SUCCESS k | 8m confirm a N | "
     "9m result a NOT_ATTEMPTED at 1m", "a CONFIRM_MISMATCH found=C119"),
    ("nor contradicts it", AGAIN + "7m result a SUCCESS k | 8m result a FAILED at 1m", "a CONFIRM_PENDING found=C119"),
    ("a success counts whichever it is of", AGAIN + "7m result a SUCCESS k at 1m", "a CONFIRM_PENDING found="),
    ("unless it succeeds all the same", "0 instruct a | 1m result a NOT_ATTEMPTED | 2m result a SUCCESS k",
     "a CONFIRM_PENDING try=1 tries=1"),
    ("an earlier one that succeeds does not make it attempted", FAIL + " | 6m pass | 7m result a NOT_ATTEMPTED | "
     "8m result a SUCCESS k try 1", "a CONFIRM_PENDING try=2 tries=1"),
    ("at the session's end it is D103", FAIL + " | 6m pass | 23h result a FAILED E20 | 1385m pass | "
     "1435m result a NOT_ATTEMPTED", "a FAILED code=D103 tries=2 next=31d"),
    ("in RETRY_WAIT too", "0 instruct a | 1434m result a NOT_ATTEMPTED | 24h pass", "a FAILED code=D103 tries=0"),
    ("success waits for the other side", "0 instruct a | 1m result a SUCCESS k", "a CONFIRM_PENDING due=1441m"),
    ("both agree", "0 instruct a | 1m result a SUCCESS k | 2m confirm a Y k", "a MIGRATED code= next= tries=1"),
    ("the ECoS side first", "0 instruct a | 1m confirm a Y k | 2m result a SUCCESS k", "a MIGRATED code="),
    ("after it there is no further try", FAIL + " | 2m confirm a Y k | 6m pass | 2d pass",
     "a CONFIRM_PENDING code=D150 ordered=1"),
    ("another key", "0 instruct a | 1m result a SUCCESS k | 2m confirm a Y other", "a CONFIRM_MISMATCH code=D151"),
    ("another key, the other way", "0 instruct a | 1m confirm a Y k | 2m result a SUCCESS other",
     "a CONFIRM_MISMATCH code=D151"),
    ("N after success", "0 instruct a | 1m result a SUCCESS k | 2m confirm a N", "a CONFIRM_MISMATCH code=D151"),
    ("N before success is kept", "0 instruct a | 1m confirm a N", "a DISPATCHED found="),
    ("and counts then", "0 instruct a | 1m confirm a N | 2m result a SUCCESS k", "a CONFIRM_MISMATCH code=D151"),
    ("a mismatch may be mended by the ECoS side",
     "0 instruct a | 1m result a SUCCESS k | 2m confirm a N | 3m confirm a Y k", "a MIGRATED"),
    ("and by the TCoS side", "0 instruct a | 1m result a SUCCESS k | 2m confirm a Y other | 3m result a SUCCESS other",
     "a MIGRATED found="),
    ("or not", "0 instruct a | 1m result a SUCCESS k | 2m confirm a N | 3m confirm a Y other",
     "a CONFIRM_MISMATCH found="),
    ("a side takes its success back, the other had said N",
     "0 instruct a | 1m result a SUCCESS k | 2m confirm a N | 3m result a FAILED E20",
     "a FAILED code=D151 found= next=31d"),
    ("or had not", "0 instruct a | 1m result a SUCCESS k | 2m confirm a Y other | 3m result a FAILED E20",
     "a CONFIRM_MISMATCH code=D151 found="),
    ("the other says N then", "0 instruct a | 1m confirm a Y k | 2m result a TIMEOUT | 3m confirm a N",
     "a FAILED code=D151"),
    ("another try takes nothing back",
     FAIL + " | 6m pass | 7m result a SUCCESS k | 8m confirm a N | 9m result a FAILED E20 try 1",
     "a CONFIRM_MISMATCH found=C119"),
    ("said twice it is taken back once",
     "0 instruct a | 1m result a SUCCESS k | 2m confirm a Y other | 3m result a FAILED E20 | 4m result a FAILED E20",
     "a CONFIRM_MISMATCH found=C119"),
    ("after both have taken it back it may be tried again",
     "0 instruct a | 1m result a SUCCESS k | 2m confirm a N | 3m result a FAILED E20 | 31d instruct a",
     "a DISPATCHED try=1"),
    ("failed after Y", "0 instruct a | 1m confirm a Y k | 2m result a FAILED E20", "a CONFIRM_MISMATCH code=D151"),
    ("D150 once, then it goes on", "0 instruct a | 1m result a SUCCESS k | 1441m pass", "a CONFIRM_PENDING code=D150"),
    ("late confirmation", "0 instruct a | 1m result a SUCCESS k | 3d confirm a Y k", "a MIGRATED code="),
    ("the same success again", "0 instruct a | 1m result a SUCCESS k | 2m result a SUCCESS k",
     "a CONFIRM_PENDING found=C119 due=1441m"),
    ("the same failure again", FAIL + " | 2m result a FAILED E20", "a RETRY_WAIT found=C119 due=6m"),
    ("a failure of an earlier try", FAIL + " | 6m pass | 7m result a FAILED try 1", "a DISPATCHED found=C119"),
    ("a success of an earlier try counts", FAIL + " | 6m pass | 7m result a SUCCESS k try 1",
     "a CONFIRM_PENDING try=2"),
    ("the same failure again after Y", FAIL + " | 2m confirm a Y k | 3m result a FAILED E20",
     "a CONFIRM_PENDING found=C119"),
    ("not attempted after Y", "0 instruct a | 1m confirm a Y k | 2m result a NOT_ATTEMPTED",
     "a CONFIRM_MISMATCH found="),
    ("a success in RETRY_WAIT counts", FAIL + " | 2m result a SUCCESS k | 6m pass", "a CONFIRM_PENDING ordered=1"),
    ("failure after success contradicts", "0 instruct a | 1m result a SUCCESS k | 2m result a FAILED E20",
     "a CONFIRM_PENDING found=C121"),
    ("one of an earlier try does not", FAIL + " | 6m pass | 7m result a SUCCESS k | 8m result a FAILED E20 try 1",
     "a CONFIRM_PENDING found=C119"),
    ("nor that of a later one", FAIL + " | 6m pass | 7m result a SUCCESS k try 1 | 8m result a FAILED E20",
     "a CONFIRM_PENDING found=C119"),
    ("another key contradicts", "0 instruct a | 1m result a SUCCESS k | 2m result a SUCCESS other",
     "a CONFIRM_PENDING found=C121"),
    ("after MIGRATED too", "0 instruct a | 1m result a SUCCESS k | 2m confirm a Y k | 3m confirm a N",
     "a MIGRATED found=C121"),
    ("the same after MIGRATED does not", "0 instruct a | 1m result a SUCCESS k | 2m confirm a Y k | 3m confirm a Y k",
     "a MIGRATED found=C119"),
    ("N after Y contradicts", "0 instruct a | 1m confirm a Y k | 2m confirm a N", "a CONFIRM_PENDING found=C121"),
    ("a try that was not ordered", "0 instruct a | 1m result a FAILED try 2", "a DISPATCHED found=C118"),
    ("a work item that is not known", "0 instruct a | 1m result b FAILED", "a DISPATCHED found=C118"),
    ("a result that is none", "0 instruct a | 1m result a MAYBE", "a DISPATCHED found=C120"),
    ("success without a key", "0 instruct a | 1m result a SUCCESS", "a DISPATCHED found=C120"),
    ("success with an error", "0 instruct a | 1m result a SUCCESS k 10", "a DISPATCHED found=C120"),
    ("live work", "0 instruct a | 1h instruct a", "a DEFERRED code=C110 next=25h"),
    ("resolved by new firmware",
     RESOLVED % "inventory a:FirmwareVersion=00030000 | 2d instruct a:FirmwareVersion=00030000",
     "a DISPATCHED"),
    ("by another model", RESOLVED % "inventory a:DeviceModel=01020304 | 2d instruct a:DeviceModel=01020304",
     "a DISPATCHED"),
    ("by another hub", RESOLVED % "inventory a:CHFDeviceID=00-DB-12-34-56-78-90-C1 | 2d instruct a", "a DISPATCHED"),
    ("not by the same", RESOLVED % "inventory a:CSPRegion=South | 2d instruct a", "a DEFERRED code=C115 next=31d"),
    ("not by one that the inventory no longer says", RESOLVED % "inventory b | 2d inventory a:CHFDeviceID= | "
     "2d instruct a", "a DEFERRED code=C115"),
    ("without an inventory then, by other firmware than instructed",
     "0 instruct a | 1m result a FAILED 17 | 1d inventory a:FirmwareVersion=00030000 | "
     "2d instruct a:FirmwareVersion=00030000", "a DISPATCHED"),
    ("firmware that comes and goes does not", RESOLVED % "inventory a:FirmwareVersion=00030000 | 2d inventory a | "
     "2d instruct a", "a DEFERRED code=C115"),
    ("the model was Non-Migratable and is not any more",
     FAIL + " | 2m models 2023-07-01 2023-07-05 | 6m pass | 2d instruct a", "a DISPATCHED"),
    ("while it is, it is refused for that, too", FAIL + " | 2m models 2023-07-01 2023-07-06 | 6m pass | 2d instruct a",
     "a REJECTED code=C107 found=C107,C115"),
    ("or its entry was removed", FAIL + " | 2m models 2023-07-01 2024-07-01 | 6m pass | "
     "1d models without 2023-07-01 | 2d instruct a", "a DISPATCHED"),
    ("an entry that came and ended later does not", "0 instruct a | 1m result a FAILED 17 | 2m models 2023-07-01 "
     "2023-07-05 | 2d instruct a", "a DEFERRED code=C115"),
    ("or an operator says so", "0 instruct a | 1m result a FAILED 5 | 1d release a | 2d instruct a",
     "a DISPATCHED open="),
    ("that closes the incident", "0 instruct a | 1m result a FAILED 5 | 1d release a", "a FAILED open="),
    ("a later failure stands again", "0 instruct a | 1m result a FAILED 17 | 1d release a | 2d instruct a | "
     "2881m result a FAILED 17 | 3d instruct a", "a DEFERRED code=C115 next=33d"),
    ("what one side had stated is overruled, too",
     "0 instruct a | 1m result a FAILED 17 | 2m result a SUCCESS k | 1d release a | 2d instruct a", "a DISPATCHED"),
    ("not what it states later", "0 instruct a | 1m result a FAILED 17 | 1d release a | 25h result a SUCCESS k | "
     "2d instruct a", "a REJECTED code=C108"),
    ("nor what it only says again", "0 instruct a | 1m result a FAILED 17 | 2m result a SUCCESS k | 1d release a | "
     "25h result a SUCCESS k | 2d instruct a", "a DISPATCHED"),
    ("a migration can be overruled", "0 instruct a | 1m result a SUCCESS k | 2m confirm a Y k | 1d release a | "
     "2d instruct a", "a DISPATCHED"),
    ("a later one stands", "0 instruct a | 1m result a FAILED 17 | 1d release a | 25h result a SUCCESS k | "
     "26h confirm a Y k | 2d instruct a", "a REJECTED code=C108"),
    ("the inventory says TCoS credentials long after a migration", MIGRATED % "173401s inventory a | 3d instruct a",
     "a REJECTED code=C108 open=D152"),
    ("it may be behind", MIGRATED % "172920s inventory a", "a MIGRATED open="),
    ("for so long", MIGRATED % "65m inventory a", "a MIGRATED open=D152", {"inventory_lag": HOUR}),
    ("until it says something else", MIGRATED % "3d inventory a | 4d inventory a:Credentials=ECOS",
     "a MIGRATED open="),
    ("or no longer names it", MIGRATED % "3d inventory a b | 4d inventory b", "a MIGRATED open=",
     {"shrink_limit": 100}),
    ("released it may be instructed", MIGRATED % "3d inventory a | 4d release a | 4d inventory a | 5d instruct a",
     "a DISPATCHED open="),
    ("and migrate once more", MIGRATED % "3d inventory a | 4d release a | 4d instruct a | 97h result a SUCCESS z | "
     "98h confirm a Y z | 5d inventory a", "a MIGRATED open="),
    ("which may be contradicted, too", MIGRATED % "3d inventory a | 4d release a | 4d instruct a | "
     "97h result a SUCCESS z | 98h confirm a Y z | 7d inventory a", "a MIGRATED open=D152"),
    ("too early", "0 instruct a | 1m result a FAILED 10 | 2d instruct a", "a DEFERRED code=C115 next=31d"),
    ("early enough", "0 instruct a | 1m result a FAILED 10 | 31d instruct a", "a DISPATCHED try=1"),
    ("outside the hours it waits", "-2h instruct a", "a READY ordered=0", {"dispatch_hours": (12, 13)}),
    ("and goes when they come", "-2h instruct a | 0 pass", "a DISPATCHED ordered=1", {"dispatch_hours": (12, 13)}),
    ("they may go over midnight", "0 instruct a | 12h pass", "a DISPATCHED", {"dispatch_hours": (22, 6)}),
    ("a limit of a day", "0 instruct a b c", "a DISPATCHED; b DISPATCHED; c DEFERRED code=C116 next=12h",
     {"daily_limit": 2}),
    ("is over at midnight", "0 instruct a b | 12h instruct c", "c DISPATCHED", {"daily_limit": 2}),
    ("instructions wait for an inventory", "0 instruct a | 1h instruct b", "ordered=0", {"inventory": "required"}),
    ("and go on in order", "0 instruct a | 1h instruct b | 2h inventory a b", "a DISPATCHED; b DISPATCHED",
     {"inventory": "required"}),
    ("an inventory grows old", "0 inventory a | 8d instruct a", "a DISPATCHED"),
    ("too old", "0 inventory a | 691201s instruct a", "ordered=0"),
    ("not in the inventory", "0 inventory a | 1m instruct b", "b REJECTED code=C103"),
    ("an error of DUIS that lasts", "0 instruct a | 1m result a FAILED E19", "a FAILED code=D128 tries=1 next=31d"),
    ("a time in the future", "0 instruct a | 1m result a FAILED E20 at 7m", "a RETRY_WAIT code=D101 found=C120"),
    ("as far as a clock may be ahead", "0 instruct a | 1m result a FAILED E20 at 6m", "a RETRY_WAIT found="),
    ("a time before the order", "0 instruct a | 1m result a FAILED E20 at -6m", "a RETRY_WAIT code=D101 found=C120"),
    ("as far as a clock may be behind", "0 instruct a | 1m result a FAILED E20 at -5m", "a RETRY_WAIT found="),
    ("before the order of that very try", FAIL + " | 10m pass | 11m result a FAILED E20 at 4m",
     "a RETRY_WAIT try=2 found=C120"),
    ("what cannot be names no order", "0 instruct a | 2m result a NOT_ATTEMPTED at 20m | 7m pass | "
     "20m result a TIMEOUT at 20m", "a RETRY_WAIT code=D103 found="),
    ("a status that passes", "0 inventory a:DeviceStatus=Suspended | 1m instruct a", "a DEFERRED code=C105 next=1441m"),
    ("one that does not", "0 inventory a:DeviceStatus=Withdrawn | 1m instruct a", "a REJECTED code=C105"),
    ("two that pass: the later one", "0 inventory a:DeviceStatus=Suspended | 0 event 2023-07-08 | 1m instruct a",
     "a DEFERRED code=C105 next=2023-07-09T00:00:00Z"),
    ("one that passes, one that does not", "0 inventory a:DeviceStatus=Suspended:Credentials=ECOS | 1m instruct a",
     "a REJECTED code=C105"),
    ("an imminent change of supplier", "0 event 2023-07-10 | 1m instruct a",
     "a DEFERRED code=C109 next=2023-07-11T00:00:00Z"),
    ("one that comes in the same pass", "0 instruct a & event 2023-07-10",
     "a DEFERRED code=C109 next=2023-07-11T00:00:00Z ordered=0"),
    ("an inventory that comes in the same pass", "0 inventory a | 1m instruct b & inventory a b", "b DISPATCHED"),
    ("one that comes before an order that is due",
     FAIL + " | 6m event 2023-07-10 & result b FAILED", "a DEFERRED code=C109 ordered=1"),
    ("two files of reference data of one pass, and an order that is due",
     FAIL + " | 6m event 2023-07-11 & inventory a:Credentials=ECOS", "a FAILED code=C108 ordered=1"),
    ("an instruction that waited, and an inventory that does not know it", "0 instruct a | 1h inventory b & instruct b",
     "a REJECTED code=C103; b DISPATCHED", {"inventory": "required"}),
    ("one that is not imminent", "0 event 2023-07-11 | 1m instruct a", "a DISPATCHED"),
    ("that of the meter on its hub is a GPF's", "0 inventory a b:DeviceType=GPF:MPxN= | 0 event 2023-07-10 | "
     "1m instruct b:DeviceType=GPF:MPxN=", "b DEFERRED code=C109 next=2023-07-11T00:00:00Z"),
    ("but not of one that counts no more",
     "0 inventory a:DeviceStatus=Withdrawn b:DeviceType=GPF:MPxN= c:MPxN=1000000000003 | "
     "0 event 2023-07-10 | 1m instruct b:DeviceType=GPF:MPxN=", "b DISPATCHED"),
    ("a change that comes near before dispatch", "0 instruct a | 1m event 2023-07-10 | 20h pass",
     "a DEFERRED code=C109 next=2023-07-11T00:00:00Z tries=0 ordered=0", {"dispatch_hours": (8, 9)}, "1206m pass"),
    ("or before a retry", FAIL + " | 2m event 2023-07-10 | 6m pass",
     "a DEFERRED code=C109 next=2023-07-11T00:00:00Z tries=1 ordered=1"),
    ("of which the gateway learns at the session's end only", "0 instruct a | 1425m result a FAILED E21 | "
     "1426m event 2023-07-10 | 24h pass", "a DEFERRED code=C109 next=2023-07-11T00:00:00Z"),
    ("a try that was ordered before that counts", "0 instruct a | 1m event 2023-07-10 | 24h pass",
     "a FAILED code=D103"),
    ("and its failure that lasts", "0 instruct a | 1m event 2023-07-10 | 2m result a FAILED 10", "a FAILED code=D110"),
    ("it costs no month", FAIL + " | 2m event 2023-07-10 | 6m pass | 8d instruct a", "a DISPATCHED try=1 ordered=2"),
    ("other causes that pass stop retries, too", FAIL + " | 2m inventory a:DeviceStatus=Suspended | 6m pass",
     "a DEFERRED code=C105 next=1446m"),
    ("within the session it waits", FAIL + " | 2m event 2023-07-04 | 6m pass", "a RETRY_WAIT code=D101 due=36h",
     {"session_length": 40 * HOUR}),
    ("and goes on then", FAIL + " | 2m event 2023-07-04 | 6m pass | 36h pass", "a DISPATCHED try=2",
     {"session_length": 40 * HOUR}),
    ("a success after that is recorded", FAIL + " | 2m event 2023-07-10 | 6m pass | 7m result a SUCCESS k",
     "a DEFERRED code=C109 found=C119"),
    ("a result is too late", FAIL + " | 2m event 2023-07-10 | 6m pass | 7m result a FAILED E20 | 7m confirm a N",
     "a DEFERRED code=C109 found=C119"),
    ("the daily limit alone makes a first try wait", "-2h instruct a b | 13h instruct c | 20h pass",
     "a DISPATCHED; b DISPATCHED; c READY code=C116 due=36h", {"daily_limit": 2, "dispatch_hours": (8, 9)}),
    ("TCoS closes: the session ends before", "0 instruct a | 2h pass", "a FAILED code=D103 next=722h",
     {"tcos_closes": START + 2 * HOUR}),
    ("not a second earlier", "0 instruct a | 7199s pass", "a DISPATCHED", {"tcos_closes": START + 2 * HOUR}),
    ("a try needs five minutes", "0 instruct a | 110m result a FAILED E20 | 115m pass", "a DISPATCHED try=2",
     {"tcos_closes": START + 2 * HOUR}),
    ("and is not ordered later", "0 instruct a | 111m result a FAILED E20", "a FAILED code=D101 ordered=1",
     {"tcos_closes": START + 2 * HOUR}),
    ("nor is one that is late", "0 instruct a | 110m result a FAILED E20 | 6901s pass", "a FAILED code=D101 ordered=1",
     {"tcos_closes": START + 2 * HOUR}),
    ("an instruction from then on is C122", "115m instruct a | 6901s instruct b", "a DISPATCHED; b REJECTED code=C122",
     {"tcos_closes": START + 2 * HOUR}),
    ("what was never ordered is C122, at any hour", "0 instruct a | 2h pass", "a REJECTED code=C122 ordered=0 next=",
     {"tcos_closes": START + 2 * HOUR, "dispatch_hours": (22, 23)}),
    ("also if it waits for its turn", "-2h instruct a | 13h instruct b | 20h pass", "b REJECTED code=C122 ordered=1",
     {"tcos_closes": START + 21 * HOUR, "daily_limit": 1, "dispatch_hours": (8, 9)}, "21h pass"),
    ("what the sides say then counts", "0 instruct a | 1h result a SUCCESS k | 3h confirm a Y k", "a MIGRATED",
     {"tcos_closes": START + 2 * HOUR}),
    ("it closed before the first instruction", "0 instruct a", "a REJECTED code=C122",
     {"tcos_closes": START - 9 * DAY}),
    ("what lasts ends a session that has begun", FAIL + " | 2m inventory a:Credentials=ECOS | 6m pass",
     "a FAILED code=C108 next=31d tries=1"),
    ("a clock that is set back does not hold up a try", FAIL + " | 6m pass | 7m result a TIMEOUT | 3m pass | 12m pass",
     "a DISPATCHED try=3 ordered=3"),
    ("nor does it begin one", FAIL + " | 359s instruct b | 2m pass", "a RETRY_WAIT ordered=2; b DISPATCHED"),
    ("nor end a session twice", "0 instruct a | 1435m result a FAILED E20 | 1430m pass", "a FAILED code=D101 next=31d"),
    ("what comes meanwhile is of the newest time", "0 instruct a | 10m result a TIMEOUT | 5m instruct b | 8m pass",
     "a RETRY_WAIT code=D103 due=15m; b DISPATCHED"),
    ("and a Device that waits", "0 instruct a | 1m inventory a:Credentials=ECOS | 20h pass",
     "a REJECTED code=C108 next= tries=0", {"dispatch_hours": (8, 9)}),
    ("with the first code that lasts",
     "0 instruct a | 1m inventory a:Credentials=ECOS:DeviceStatus=Suspended | 20h pass",
     "a REJECTED code=C108", {"dispatch_hours": (8, 9)}),
    ("a month later its first success ends a second session",
     "0 instruct a | 24h pass | 31d instruct a | 44641m result a FAILED E20 | 44642m late a k | 44646m pass",
     "a FAILED code=C108 ordered=2"),
    ("another model", "0 inventory a:FirmwareVersion=00000001 | 1m instruct a", "a DEFERRED code=C106"),
    ("said of it together with a malformed region",
     "0 inventory a:FirmwareVersion=00000001 | 1m instruct a:CSPRegion=East",
     "a REJECTED code=C106 found=C106,C117"),
    ("named twice in a file, its past is said once", "0 instruct a | 1m result a FAILED 10 | 2m instruct a a",
     "a REJECTED code=C102 found=C102,C115"),
    ("what the inventory says is said twice", "0 inventory a:Credentials=ECOS | 2m instruct a a",
     "a REJECTED code=C102 found=C102,C108"),
    ("ECoS credentials already", "0 inventory a:Credentials=ECOS | 1m instruct a", "a REJECTED code=C108"),
    ("pending firmware, but only a warning", "0 inventory a:Pending=FW | 1m instruct a", "a DISPATCHED found=C112",
     {"review": {"C112": "warn"}}),
    ("nobody is responsible", "0 inventory a:SupplierId= | 1m instruct a", "a REJECTED code=C114"),
    ("nor of a GPF without meters, which goes on",
     "0 inventory b:DeviceType=GPF:MPxN= | 1m instruct b:DeviceType=GPF:MPxN=", "b DISPATCHED found="),
    ("unless a setting says otherwise",
     "0 inventory b:DeviceType=GPF:MPxN= | 1m instruct b:DeviceType=GPF:MPxN=", "b REJECTED code=C114",
     {"review": {"C114_GPF": "reject"}}),
    ("a meter that is not connected owns no GPF",
     "0 inventory a:DeviceStatus=Pending b:DeviceType=GPF:MPxN= | 1m instruct b:DeviceType=GPF:MPxN=",
     "b REJECTED code=C114", {"review": {"C114_GPF": "reject"}}),
    ("and does not decide its change of supplier",
     "0 inventory a:DeviceStatus=Suspended b:DeviceType=GPF:MPxN= | 0 event 2023-07-10 | "
     "1m instruct b:DeviceType=GPF:MPxN=", "b DISPATCHED"),
    ("one that was recovered does",
     "0 inventory a:DeviceStatus=Recovered b:DeviceType=GPF:MPxN= | 0 event 2023-07-10 | "
     "1m instruct b:DeviceType=GPF:MPxN=", "b DEFERRED code=C109 next=2023-07-11T00:00:00Z"),
    ("the hub of the inventory is told, and goes into the work order",
     "0 inventory a:CHFDeviceID=00-DB-12-34-56-78-90-C1 | 1m instruct a", "a DISPATCHED found=C125"),
    ("one that came later goes into the next order",
     FAIL + " | 2m inventory a:CHFDeviceID=00-DB-12-34-56-78-90-C1 | 6m pass", "a DISPATCHED ordered=2"),
    ("so is the supply point; the region is not",
     "0 inventory a:CSPRegion=South b:MPxN=1000000000003 | 1m instruct a b",
     "a DISPATCHED; b DISPATCHED found=C125"),
    ("a setting makes it an error", "0 inventory a:MPxN=1000000000003 | 1m instruct a", "a REJECTED code=C125",
     {"review": {"C125": "reject"}}),
    ("a setting compares the region", "0 inventory a:CSPRegion=South | 1m instruct a", "a REJECTED code=C125",
     {"review": {"C125_REGION": "reject"}}),
    ("what the inventory does not say is not compared", "0 inventory a:CSPRegion= | 1m instruct a",
     "a DISPATCHED found="),
    ("a file of which nothing is good changes nothing", "0 inventory a | 1m inventory b:Action=KEEP | 2m instruct a",
     "a DISPATCHED"),
    ("the gaining supplier is", "0 inventory a:SupplierId= | 0 event 2023-07-03 | 1m instruct a", "a DISPATCHED"),
]


class Play:
    """One history, with what the model answered last."""

    def __init__(self, settings):
        self.model = Model(Settings(**settings))
        self.now = START
        self.batches = 0
        self.numbers = collections.Counter()  # of each type
        self.ordered = 0
        self.emos = 0
        self.last = ""
        self.found = set()
        self.events = []

    def newest(self, name):
        return next((item for item in reversed(self.model.items) if item.device == DEVICES[name]), None)

    def order(self, text):
        """A step of an operator."""
        at, _, name, as_what = [*text.split(), "released"][:4]
        self.now = moment(at)
        self.events.append(Event(self.now, orders=[(DEVICES[name], as_what)]))
        self.emos += len(self.model.run_pass(self.now, (), self.events[-1].orders).emo)
        self.found = set()

    def file(self, verb, words):
        self.batches += 1
        batch = f"B-{self.batches}"
        if verb == "instruct":
            return File("EMI", [described(EMI, word) for word in words], batch=batch)
        if verb == "inventory":
            return File("INV", [described(INV, word) for word in words], batch=batch, mode="FULL", created=self.now)
        if verb == "models":
            action, begin, end = ["REMOVE", *words[1:], ""] if words[0] == "without" else ["SET", *words]
            row = {"Action": action, **{name: EMI[name] for name in ("DeviceType", *MODEL)},
                   "NonMigratableFrom": begin, "NonMigratableTo": end, "ReasonCode": "R1", "FixedInFirmware": ""}
            return File("NMM", [row], batch=batch, mode="DELTA")
        if verb == "event":
            row = {"Action": "SET", "MPxN": EMI["MPxN"], "LosingSupplierId": "",
                   "GainingSupplierId": "90-B3-D5-1F-30-05-00-02",
                   "SupplyStartDate": words[0]}
            return File("COS", [row], batch=batch, mode="DELTA")
        item = self.newest(words[0])
        if verb.startswith("late"):  # of its first work item
            item = next(one for one in self.model.items if one.device == DEVICES[words[0]])
            verb = verb[4:]
            words = [words[0], "Y" if verb else "SUCCESS", words[1]]
        about = {"WorkItemId": item.work_item if item else "MCC.B-9.9", "DeviceID": DEVICES[words[0]]}
        if verb == "confirm":
            key = words[2] if len(words) > 2 else ""
            subject = words[4] if len(words) > 4 else "S"
            return File("EMC",
                        [{**about, "Confirmed": words[1], "ConfirmedAt": "", "SubjectId": key and subject, "KeyId": key,
                                 "Code": ""}], batch=batch)
        row = {**EMT, **about, **result(words[1:], item)}
        return File("EMT", [row], batch=batch, created=row.pop("made", 0))

    def step(self, text):
        at, first = text.split(" ", 1)
        if first.startswith(("end ", "release ")):
            self.order(text)
            return
        self.now = moment(at)
        parts = [part.split() for part in first.split(" & ")]
        files = [self.file(verb, words) for verb, *words in parts if verb != "pass"]
        for file in files:
            file.created = file.created or self.now
            self.numbers[file.kind] += 1
            file.number(self.numbers[file.kind])
        self.events.append(Event(self.now, files))
        answers = self.model.run_pass(self.now, files)
        self.ordered += len(answers.emw)
        self.last = "".join(name for row in answers.emw for name, device in DEVICES.items()
                            if device == row["DeviceID"])
        self.found = {code for _, _, findings in answers.ema for _, code in findings}
        self.emos += len(answers.emo)

    def differences(self, expected):
        lines = []
        for part in expected.split("; "):
            words = part.split()
            item = self.newest(words[0]) if words[0] in DEVICES else None
            if item and item.state != words[1]:
                lines.append(f"{words[0]}: {item.state}, expected {words[1]}")
            for word in words[2 if item else 0:]:
                name, value = word.split("=")
                if re.fullmatch(r"\d+[smhd]", value):
                    value = text_of(moment(value))
                found = {"ordered": lambda: str(self.ordered), "last": lambda: self.last,
                         "emos": lambda: str(self.emos),
                         "open": lambda: ",".join(sorted(one[0] for one in self.model.incidents if one[3] is None)),
                         "found": lambda: ",".join(sorted(self.found)),
                         "code": lambda item=item: item.code, "try": lambda item=item: str(item.trial),
                         "tries": lambda item=item: str(item.tries), "due": lambda item=item: text_of(item.due),
                         "next": lambda item=item: text_of(item.next_eligible)}[name]()
                if found != value:
                    lines.append(f"{part}: {name} is {found}, expected {value}")
        return lines


def described(row, word):
    """A Device by its name, with what it has of its own: a:DeviceStatus=Suspended."""
    name, *changes = word.split(":")
    return {**row, "DeviceID": DEVICES[name], **dict(change.split("=") for change in changes)}


def moment(text):
    return START + int(text.rstrip("smhd")) * UNITS.get(text[-1], 1)


def result(words, item):
    row = {"Result": words[0], "Try": str(item.trial if item else 1)}
    words = words[1:]
    while words:
        word = words.pop(0)
        if word == "try":
            row["Try"] = words.pop(0)
        elif word == "at":
            row["LastTry"] = text_of(moment(words.pop(0)))
        elif word == "on":
            row["ExistingSubjectId"] = words.pop(0)
        elif word == "of":
            row["made"] = moment(words.pop(0))
        elif re.fullmatch(r"E\d+", word):
            row["DUISCode"] = word
        elif word.isdigit():
            row["GBCSStatus"] = word
        elif word[:1] == "8" and len(word) == 4:
            row["AlertCode"] = word
        else:
            row.update(ReplacingSubjectId="S", ReplacingKeyId=word)
    return row


def lines_of(settings):
    """The same in ecosgate.conf."""
    lines = [f"gateway {name}={settings[name]}" for name in ("daily_limit", "inventory", "shrink_limit", "ecos_subject")
             if name in settings]
    if "inventory_lag" in settings:
        lines.append(f"gateway inventory_lag={settings['inventory_lag'] // HOUR}")
    if "outcome_wait" in settings:
        lines.append(f"gateway outcome_wait={settings['outcome_wait'] // HOUR}")
    lines += [f"review {code}={mode}" for code, mode in settings.get("review", {}).items()]
    if "session_length" in settings:
        lines.append(f"gateway session_length={settings['session_length'] // HOUR}")
    if "tcos_closes" in settings:
        lines.append(f"gateway tcos_closes={text_of(settings['tcos_closes'])}")
    if "dispatch_hours" in settings:
        lines.append("gateway dispatch_hours={:02}-{:02}".format(*settings["dispatch_hours"]))
    return lines


def check_cases(tap, play_to_program=None):
    """The model, and then the program, given how a history is played to it: what differs, or None."""
    for title, history, expected, *more in CASES:
        settings = more[0] if more else {}
        play = Play(settings)
        for step in [*history.split(" | "), *more[1:]]:
            play.step(step)
        lines = play.differences(expected)
        if not lines and play_to_program is not None:
            _, lines = play_to_program(History(None, settings, lines_of(settings), play.events)) or (0, [])
        tap.ok(not lines, f"by hand: {title}", history, *lines)
