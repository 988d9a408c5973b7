#!/bin/sh
# Far more on standard error than anybody wants to keep.
i=0
while [ $i -lt 3000 ]; do
	echo "complaint number $i" >&2
	i=$((i + 1))
done
exit 3
