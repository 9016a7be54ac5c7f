# === equivalent: 65535: one more ==> both are more than any datagram
# === equivalent: (left := (deadline - time.monotonic())) > 0: Gt swapped ==> the clock never shows the deadline to its last digit
