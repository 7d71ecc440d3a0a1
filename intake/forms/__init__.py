from intake.forms.arrivals import TokenForm, UploadForm
from intake.forms.sources import SourceForm

__all__ = ["SourceForm", "TokenForm", "UploadForm"]
