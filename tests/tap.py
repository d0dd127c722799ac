"""TAP for scripts that need no home of a gateway; the others have the Tap of e2e/home.py."""


class Tap:
    count = bad = 0

    def ok(self, good, text, detail=""):
        self.count += 1
        self.bad += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {text}", flush=True)
        if not good:
            print("\n".join(f"# {line}" for line in detail.splitlines()[-60:]), flush=True)

    def end(self):
        """The exit status."""
        print(f"1..{self.count}")
        return 1 if self.bad else 0
