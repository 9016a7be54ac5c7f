# === equivalent: 65536: one more ==> the most that one recv gives; any number will do
# === equivalent: dropped: sender.join() ==> the shutdown before it has woken the thread, which ends by itself a moment later
# === equivalent: with contextlib.suppress(OSError): left out ==> the thread's error is printed, and nothing else differs: the reader meets the same error
