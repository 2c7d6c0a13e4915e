-- Only the last one.
iif(page.seq < :last, :last, NULL)
