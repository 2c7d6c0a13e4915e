-- One record alone, by its `seq`.
iif(page.seq < :last, :last, NULL)
