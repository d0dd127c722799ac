"""Hand-worked cases about files, operators' orders, reference data and reports (gateway/DEVICES.md, INCIDENTS.md,
REPORTS.md; formats/FILES.md). How they are read: model_cases.py."""
from model_cases_devices import MIGRATED, START
from model_speech import Speech
from model_time import DAY

SHRUNK = "0 inventory a b | 1h inventory a | "  # the second one is held
GAINED = "0 parties A=SUP0 B=SUP1 & inventory %s & event 2023-07-10 | 684h pass"  # until the month is over
WRONG_NAME = "0 misname instruct a | 1m "
TOLD = "0 parties A=SUP0 & inventory a b | "
ASTRAY = "0 parties A=SUP0 B=SUP1 & inventory a | 0 instruct a | 1m result a SUCCESS k | 2m confirm a Y k | " \
         "1d parties B=SUP0"
UNNUMBERED = {"formats": {"dcc": Speech()}}  # the name of an INV says its second only; its number is in the header

FILE_CASES = [
    ("a wrong name is an incident", "0 misname instruct a", "open=B101 found=B101 ordered=0"),
    ("a file that names it closes it", WRONG_NAME + "correct instruct a", "a DISPATCHED open= found="),
    ("or names the EMA", WRONG_NAME + "correctema instruct a", "a DISPATCHED open= found="),
    ("a rejected one does not", WRONG_NAME + "correct instruct", "open=B101,B306"),
    ("nor one of another drop", WRONG_NAME + "correct inventory a", "open=B101,B210 found=B210"),
    ("what was accepted cannot be corrected", "0 instruct a | 1m correct instruct b", "found=B210 open=B210 ordered=1"),
    ("nor by its EMA", "0 instruct a | 1m correctema instruct b", "found=B210"),
    ("a name that comes twice is told with all else that is wrong", "0 inventory a | 0 inventory",
     "found=B106,B306 open=B106", UNNUMBERED),
    ("the number in its header is used up", "0 inventory a | 0 inventory a | 1m inventory a", "found= open=B106",
     UNNUMBERED),
    ("and told if it is wrong, too", "0 skip inventory a | 0 behind inventory", "found=B106,B107,B306 open=B106",
     UNNUMBERED),
    ("a FULL file that removes too much is held, and instructions wait", SHRUNK + "2h instruct a",
     "ordered=0 open=A117"),
    ("let go, they go on", SHRUNK + "2h instruct a | 3h letgo INV", "a DISPATCHED open="),
    ("no instruction waits for parties", "0 parties A=SUP0 B=SUP1 & inventory a | 1h parties A=SUP0 | 2h instruct a",
     "a DISPATCHED open=A117"),
    ("as much as the limit is not", SHRUNK + "2h instruct b", "b REJECTED code=C103", {"shrink_limit": 50}),
    ("all of it is, whatever the limit", "0 event 2023-07-10 | 1h noevents", "open=A117", {"shrink_limit": 100}),
    ("the first file of a type removes nothing", "0 noevents | 1h inventory a", "open="),
    ("let go it counts", SHRUNK + "2h letgo INV | 3h instruct b", "b REJECTED code=C103 open=C103"),
    ("what comes behind it waits", "0 inventory a b | 1m instruct a | 2m result a FAILED E20 | 3m inventory a | "
     "4m inventory a:Credentials=ECOS b | 7m pass", "a DISPATCHED try=2"),
    ("rejected it changes nothing, and its sender is told", SHRUNK + "2h giveup INV | 3h instruct b",
     "b DISPATCHED open=B114"),
    ("which the pass after the order does", SHRUNK + "2h giveup INV", "found=B114"),
    ("by either order", SHRUNK + "2h refuse INV | 3h instruct b", "b DISPATCHED open=B114"),
    ("what waited goes on then", SHRUNK + "2h inventory a b:Credentials=ECOS | 3h giveup INV | 4h instruct b",
     "b REJECTED code=C108 open=B114"),
    ("also one that is judged late, since it was held back before",
     SHRUNK + "2h inventory b | 3h hold INV | 4h inventory a b | 5h giveup INV | 6h letgo INV",
     "open=B107,B114"),
    ("an instruction that is held is rejected", "0 instruct a | 1h hold EMI | 2h refuse EMI",
     "ordered=0 open=A104,B114", {"inventory": "required"}),
    ("judged again it is held again", SHRUNK + "2h again INV | 3h pass", "open=A117"),
    ("held back it makes instructions wait, whatever was decided",
     SHRUNK + "2h letgo INV & hold INV & instruct b", "ordered=0 open="),
    ("and what comes behind it", SHRUNK + "2h refuse INV & hold INV & inventory b & instruct b", "ordered=0 open="),
    ("a rejected one that was held back is rejected", SHRUNK + "2h refuse INV & hold INV & instruct b | 3h letgo INV",
     "b DISPATCHED open=B114"),
    ("one that was let go is let go", SHRUNK + "2h letgo INV & hold INV & instruct b | 3h letgo INV",
     "b REJECTED code=C103 open=C103"),
    ("judged again after that it is asked about again",
     SHRUNK + "2h letgo INV & hold INV & instruct b | 3h again INV", "ordered=0 open=A117"),
    ("judged again and held back it is asked about, too",
     SHRUNK + "2h again INV & hold INV & instruct b | 3h letgo INV", "ordered=0 open=A117"),
    ("closing its A117 rejects one that is held back",
     SHRUNK + "2h again INV & hold INV & instruct b | 3h close A117", "b DISPATCHED open=B114"),
    ("an instruction that waits is held", "0 instruct a | 1h hold EMI | 2h inventory a", "ordered=0",
     {"inventory": "required"}),
    ("and let go", "0 instruct a | 1h hold EMI | 2h inventory a | 3h letgo EMI", "a DISPATCHED ordered=1",
     {"inventory": "required"}),
    ("its number came, though it was not judged",
     "0 instruct a | 1h hold EMI | 2h instruct b | 3h inventory a b", "b DISPATCHED found=", {"inventory": "required"}),
    ("held and accepted late it sets no number back", "0 instruct | 1h instruct a | 2h hold EMI | 3h instruct b | "
     "4h inventory a b | 5h letgo EMI | 6h instruct c", "c REJECTED code=C103 found=C103", {"inventory": "required"}),
    ("held and accepted after a later file with a lower number", "0 inventory a b c & instruct a | "
     "9d skip instruct b | 217h hold EMI | 10d behind instruct c & inventory a b c | 241h letgo EMI",
     "b DISPATCHED found=B108; c DISPATCHED found=B108", {"inventory": "required"}),
    ("an incident that an operator closes comes again with its fault", MIGRATED % "3d inventory a | 4d close D152 | "
     "5d inventory a", "a MIGRATED open=D152"),
    ("a contradiction that goes on is no new one", "0 instruct a | 1m result a SUCCESS k | 2m confirm a N | "
     "1h close D151 | 2h confirm a Y other", "a CONFIRM_MISMATCH code=D151 open="),
    ("one between late statements is",
     "0 instruct a | 1m result a FAILED 10 | 2m result a SUCCESS k | 3m confirm a N | 1h close D151 | "
     "2h confirm a Y other", "a FAILED code=D110 open=D151"),
    ("a missing inventory too", "0 instruct a | 1h close A104", "open=A104", {"inventory": "required"}),
    ("what does not come again stays closed", "0 instruct a | 1m result a FAILED 5 | 1h close D105 | 2h pass", "open="),
    ("an MPID belongs to one party", "0 parties A=SUP0 B=SUP0", "found=C120"),
    ("a party that was refused is refused in its other role too", "0 parties A=SUP0 B=SUP0/MAP B=SUP0", "found=C120"),
    ("also in a later file", "0 parties A=SUP0 | 1h moreparties B=SUP0", "found=B306"),
    ("unless the first one loses it before", "0 parties A=SUP0 | 1h moreparties A=SUP9 B=SUP0", "found="),
    ("an MPRN with zeros is the one without",
     "0 event 2023-07-10 0039000109 | 1m instruct a:DeviceType=GSME:MPxN=39000109", "a DEFERRED code=C109"),
    ("in the inventory too", "0 inventory a:DeviceType=GSME:MPxN=0039000109 | 0 event 2023-07-10 39000109 | "
     "1m instruct a:DeviceType=GSME:MPxN=39000109", "a DEFERRED code=C109 found=C109"),
    ("it is the same event", "0 event 2023-07-10 0039000109 | 1m event 2023-07-10 39000109 | 2m noevents",
     "open=A117"),
    ("an event that meets no Device", "0 inventory a | 1m event 2023-07-10 39000109", "found=C124"),
    ("one between a Supplier and itself", "0 inventory a | 1m event 2023-07-10 1012345678903 B", "found=C124"),
    ("one of before the time", "0 inventory a | 1m event 2009-12-31", "found=C124"),
    ("one too far ahead", "0 inventory a | 1m event 2024-07-04", "found=C124"),
    ("the last day that is not", "0 inventory a | 1m event 2024-07-03", "found="),
    ("003 names what a Supplier gained", GAINED % "a", "003=a"),
    ("not what is gone", GAINED % "a:DeviceStatus=Decommissioned", "003="),
    ("nor what was withdrawn", GAINED % "a:DeviceStatus=Withdrawn", "003="),
    ("nor what came after it", GAINED % "a:InstalledDate=2023-07-11", "003="),
    ("a GPF goes along", GAINED % "a b:DeviceType=GPF:MPxN=", "003=ab"),
    ("what is told late is in the next one, once",
     "0 parties A=SUP0 B=SUP1 & inventory a | 29d event 2023-07-10 | 1428h pass | 2148h pass", "003=a"),
    ("006 names what came with ECoS credentials",
     "0 parties A=SUP0 & inventory a:Credentials=ECOS:InstalledDate=2023-07-05 b | 684h pass | 1428h pass", "006=a"),
    ("told late it is in the next one, once",
     "0 parties A=SUP0 & inventory b | 29d inventory b a:Credentials=ECOS:InstalledDate=2023-07-31 | 1428h pass | "
     "1429h inventory b a:Credentials=ECOS:InstalledDate=2023-08-02 | 2148h pass", "006=a"),
    ("it waits for its Supplier",
     "0 parties B=SUP1 & inventory a:Credentials=ECOS:InstalledDate=2023-07-05 | 29d parties A=SUP0 B=SUP1 | "
     "1428h pass", "006=a"),
    ("a success of both sides is in 001", TOLD + "0 instruct a | 1m result a SUCCESS k | 2m confirm a Y k | 2d pass",
     "001=a 002="),
    ("a failure is in 002, and its late success in 001", TOLD + "0 instruct a | 24h pass | 25h result a SUCCESS k | "
     "30h confirm a Y k | 4d pass", "001=a 002=a"),
    ("whose folder is another party's when it is to go waits", ASTRAY, "open=A115,A118 001=", {"shrink_limit": 50}),
    ("until PTY names its recipient", ASTRAY + " | 26h parties A=SUP9 B=SUP0", "open= 001=a", {"shrink_limit": 50}),
    ("or nobody is to get it", ASTRAY + " | 25h close A118 | 26h parties A=SUP9 B=SUP0", "open= 001=",
     {"shrink_limit": 50}),
    ("one that a change of supplier put off is in none", TOLD + "0 instruct a | 1m result a FAILED E20 | "
     "2m event 2023-07-10 | 6m pass | 4d pass", "a DEFERRED code=C109 001= 002="),
    ("a week counts it", TOLD + "0 instruct a b | 1m result a FAILED 10 | 1m result b FAILED E20 | 156h pass",
     "005.Instructed=2 005.Failed=1 005.RemainingTCoS=2"),
    ("a migration that an operator has overruled counts no more", TOLD + "0 instruct a | 1m result a SUCCESS k | "
     "2m confirm a Y k | 26h release a | 156h pass",
     "005.Succeeded=1 005.CumulativeMigrated=0 005.RemainingTCoS=2 GMT.Migrated=0 GMT.Remaining=2"),
    ("unless it stands again", TOLD + "0 instruct a | 1m result a SUCCESS k | 2h end a migrated | 26h release a | "
     "27h confirm a Y k | 156h pass",
     "005.Succeeded=1 005.CumulativeMigrated=1 005.RemainingTCoS=1 GMT.Migrated=1 GMT.Remaining=1"),
    ("a Device that migrates again counts once", TOLD + "0 instruct a | 1m result a SUCCESS k | 2m confirm a Y k | "
     "26h release a | 27h instruct a | 28h result a SUCCESS z | 29h confirm a Y z | 156h pass",
     "005.Succeeded=2 005.CumulativeMigrated=1 005.RemainingTCoS=1 GMT.Migrated=1 GMT.Remaining=1"),
    ("of a model none has migrated when that one is overruled", "0 instruct a b | 1m result a SUCCESS k | "
     "1m result b FAILED 10 | 2m confirm a Y k | 26h release a", "open=D160", {"model_failures": 1}),
    ("until it stands again", "0 instruct a b | 1m result a SUCCESS k | 1m result b FAILED 10 | 2m end a migrated | "
     "26h release a | 27h confirm a Y k", "open=", {"model_failures": 1}),
    ("until it migrates again", "0 instruct a b | 1m result a SUCCESS k | 1m result b FAILED 10 | 2m confirm a Y k | "
     "26h release a | 27h instruct a | 28h result a SUCCESS z | 29h confirm a Y z", "open=", {"model_failures": 1}),
    ("what holds TCoS credentials is reported before they close",
     TOLD + "0 instruct a | 1m result a SUCCESS k | 2m confirm a Y k | 156h pass", "AND=b",
     {"tcos_closes": START + 40 * DAY}),
    ("with the code of what came after its end",
     TOLD + "0 instruct a | 1d pass | 25h result a SUCCESS k | 49h pass | 156h pass", "AND.LastErrorCode=D150",
     {"tcos_closes": START + 40 * DAY}),
    ("or of the try before the newest one",
     TOLD + "155h instruct a | 9301m result a FAILED E20 | 9306m pass | 156h pass",
     "a DISPATCHED AND.LastErrorCode=D101", {"tcos_closes": START + 40 * DAY}),
    ("not long before", TOLD + "156h pass", "AND=", {"tcos_closes": START + 200 * DAY}),
    ("a migration that was overruled counts no more", TOLD + "0 instruct a | 1m result a SUCCESS k | "
     "2m confirm a Y k | 3d inventory a b | 4d release a | 156h pass", "AND=ab", {"tcos_closes": START + 40 * DAY}),
]
