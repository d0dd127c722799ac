#!/bin/sh
# Signed files in both directions: a throwaway certification authority, a sender who signs, a file that somebody else
# wrote, and answers that the sender verifies with openssl.
#   demo_signed.sh [FOLDER]      works in FOLDER (demo-signed), which it makes anew
# ECOSGATE names the program (build/ecosgate). The authority is for this demonstration alone: its keys lie about.
set -eu
source=$(cd "$(dirname "$0")/.." && pwd)
ecosgate=${ECOSGATE:-$source/build/ecosgate}
folder=${1:-demo-signed}
for needed in "$ecosgate" openssl; do
    command -v "$needed" >/dev/null || { echo "there is no program $needed; build or install it first" >&2; exit 2; }
done
rm -rf "$folder"
mkdir -p "$folder/ca"
cd "$folder"
mcc=90-B3-D5-1F-30-0E-C0-01
first=EMI_MCC_${mcc}_20230703_060000_000002.csv
second=EMI_MCC_${mcc}_20230703_060000_000007.csv

say()
{
    printf '\n== %s\n' "$*"
}
show() # COMMAND…: a status other than 0 is printed, and is no fault of the demonstration
{
    printf '\n$ ecosgate %s\n' "$*"
    "$ecosgate" "$@" 2>&1 || printf '(exit status %d)\n' $?
}
key() # NAME
{
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "ca/$1.key" 2>/dev/null
    chmod 600 "ca/$1.key"
}
certificate() # NAME SUBJECT: of the authority, for signing
{
    key "$1"
    printf 'basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\n' >ca/extensions
    printf 'subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n' >>ca/extensions
    openssl req -new -key "ca/$1.key" -subj "$2" -out ca/request 2>/dev/null
    openssl x509 -req -in ca/request -CA ca/root.pem -CAkey ca/root.key -CAcreateserial -days 365 \
        -extfile ca/extensions -out "ca/$1.pem" 2>/dev/null
}
sign() # FILE NAME: the detached signature beside it
{
    openssl cms -sign -binary -outform DER -signer "ca/$2.pem" -inkey "ca/$2.key" -in "$1" -out "$1.p7s"
}

say "1. An authority, and two certificates: the MCC's, which names its EUI-64, and the gateway's"
key root
printf '[req]\ndistinguished_name=n\n[n]\n[e]\nbasicConstraints=critical,CA:TRUE\n' >ca/root.cnf
printf 'keyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n' >>ca/root.cnf
openssl req -x509 -new -config ca/root.cnf -extensions e -key ca/root.key -subj '/O=Throwaway/CN=Root' -days 365 \
    -out ca/root.pem
certificate mcc "/O=Throwaway/serialNumber=$mcc"
certificate gateway '/O=Throwaway/CN=ecosgate'
openssl x509 -in ca/mcc.pem -noout -subject -issuer

say "2. The sender signs a file and tries it before he sends it"
cp "$source/samples/good/$first" .
sign "$first" mcc
show check --trust ca/root.pem "$first"

say "3. A gateway that demands signatures of the MCC, and signs its own files"
"$ecosgate" init home
sed -e "/^\[gateway\]/a signing_key=$PWD/ca/gateway.key\nsigning_certificate=$PWD/ca/gateway.pem" \
    -e "/^\[party MCC\]/a signature=required\nsigner_ca=$PWD/ca/root.pem" home/ecosgate.conf >home/edited
mv home/edited home/ecosgate.conf
grep -n '^sign' home/ecosgate.conf

say "4. The signed file comes; and one that somebody else wrote, beside the signature of the first"
sed 's/,2,2023-07-03T/,7,2023-07-03T/; s/0002,/0007,/' "$first" >"$second"
cp "$first.p7s" "$second.p7s"
mv "$first.p7s" "$first" "$second.p7s" "$second" home/drops/mcc/in
show -c home/ecosgate.conf run --once
show -c home/ecosgate.conf spool list
show -c home/ecosgate.conf why "$second"

say "5. The sender verifies an answer with openssl"
answer=$(cd home/drops/mcc/out && ls EMA_*_000002_R1.csv)
openssl cms -verify -binary -inform DER -in "home/drops/mcc/out/$answer.p7s" -content "home/drops/mcc/out/$answer" \
    -CAfile ca/root.pem -purpose any -out /dev/null

say "6. The other form: a signature within a file in XML (XML-DSig), made by xmlsec1"
command -v xmlsec1 >/dev/null || { echo "left out: there is no program xmlsec1 (package xmlsec1)"; exit 0; }
within=EMI_MCC_${mcc}_20230703_060000_000001.xml
template=$(tr -d '\n' <"$source/samples/signature_template.xml")
sed "s|</MigrationInstruction>|$template&|" "$source/samples/good/$within" >template.xml
xmlsec1 --sign --privkey-pem ca/mcc.key,ca/mcc.pem --output "$within" template.xml
show check --trust ca/root.pem "$within"
sed -i 's|<Attempt>1<|<Attempt>2<|' "$within"
show check --trust ca/root.pem "$within"
